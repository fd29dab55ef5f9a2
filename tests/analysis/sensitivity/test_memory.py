from dataclasses import replace

import pytest
import torch
from torch import nn

from analysis.errors import WorkloadError
from analysis.profiles import MemoryFigures
from analysis.sensitivity import machine
from analysis.sensitivity import sweep as sweeps
from analysis.sensitivity.footprint import memory_figures, sweep_memory
from analysis.sensitivity.memory import Asked, MemoryNeed, check_memory, expected_memory
from analysis.sensitivity.options import SweepOptions
from analysis.sensitivity.points import Sensitivities
from analysis.sensitivity.sweep import sweep
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload
from tests.nets import make_workload

MIB = 1 << 20
NEED = MemoryNeed(held=300 * MIB, working=100 * MIB, rows=50 * MIB, workers=4)


def test_workers_take_their_memory_each_and_rows_are_kept_once():
    assert NEED.total == 1650 * MIB
    assert NEED.sentence(2000 * MIB) == (
        "About 1,650 MiB of memory with 4 workers; 2,000 MiB are free."
    )


def test_what_fits_is_let_through_and_what_this_process_holds_counts_as_there():
    check_memory(NEED, 1650 * MIB)
    check_memory(NEED, 1350 * MIB, held=300 * MIB)


@pytest.mark.parametrize(
    ("free", "remedy"),
    [
        (1649, "take 3 workers, for which it is enough"),
        (500, "take 1 worker, for which it is enough"),
        (449, "sweep fewer widths"),
    ],
)
def test_what_does_not_fit_is_refused_with_figures_and_a_remedy(free, remedy):
    with pytest.raises(WorkloadError, match=rf"about 1,650 MiB.*{free:,} MiB are free; {remedy}"):
        check_memory(NEED, free * MIB)


def test_the_remedy_is_true():
    for free in range(450, 1650, 37):
        with pytest.raises(WorkloadError) as told:
            check_memory(NEED, free * MIB)
        fitting = int(str(told.value).split("take ")[1].split(" worker")[0])
        check_memory(replace(NEED, workers=fitting), free * MIB)
        with pytest.raises(WorkloadError):
            check_memory(replace(NEED, workers=fitting + 1), free * MIB)


def test_more_of_anything_takes_more():
    layers = subject(make_workload("branched")).layers
    known = MemoryFigures(held_bytes=0, activation_bytes=100_000, output_values=10)
    asked = Asked(3, 3, chosen=False, samples=500, method="exact")

    def total(**changes: object) -> int:
        return expected_memory(known, layers, replace(asked, **changes)).total  # type: ignore[arg-type]

    for changes in (
        {"weight_options": 6},
        {"input_options": 6},
        {"samples": 5000},
        {"method": "anytime"},
        {"chosen": True},
        {"workers": 2},
    ):
        assert total(**changes) > total(), changes
    assert total(method="sketch") < total()


def test_a_recording_counts_each_output_once_and_views_not_at_all():
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3)).eval()
    data = [(torch.randn(16, 4), None)]
    made = subject(Workload(name="net", model=model, calibration=data, evaluation=data))
    figures = memory_figures(made)
    assert figures.activation_bytes == 4 * (8 + 8 + 3)
    assert figures.output_values == 3
    assert figures.held_bytes > 50 * MIB


def test_a_sweep_beyond_the_machine_does_not_start(monkeypatch):
    monkeypatch.setattr(sweeps, "free_bytes", lambda: MIB // 4)
    with pytest.raises(WorkloadError, match="0 MiB are free; sweep fewer widths"):
        sweep(make_workload("branched"), bits=(4,))


def test_the_expected_memory_stands_beside_the_measured():
    workload = make_workload("branched")
    run = sweep(workload, bits=(4,))
    cost = Sensitivities.collect(run).cost
    expected = sweep_memory(subject(workload), SweepOptions(bits=(4,))).total
    assert cost.expected_rss_bytes == pytest.approx(expected, rel=0.2)
    assert cost.peak_rss_bytes == pytest.approx(expected, rel=0.5)


def test_a_container_with_less_than_the_machine_decides(tmp_path, monkeypatch):
    limit, used = tmp_path / "max", tmp_path / "current"
    monkeypatch.setattr(machine, "_GROUPS", ((str(limit), str(used)),))
    everything = machine.free_bytes()
    limit.write_text(f"{30 * MIB}\n")
    used.write_text(f"{20 * MIB}\n")
    assert machine.free_bytes() == 10 * MIB
    limit.write_text("max\n")
    assert machine.free_bytes() == pytest.approx(everything, rel=0.2)
    assert machine.cores() >= 1
