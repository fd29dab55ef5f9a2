"""Every method against the obvious loop: one full forward of the whole sweep set a cell."""

from functools import cache

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.metrics import Top1
from analysis.sensitivity.draw import draw_size
from analysis.sensitivity.points import Cell, Method, Sensitivities
from analysis.sensitivity.sweep import sweep
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload
from tests.naive import naive_kl
from tests.nets import NETS, make_workload

SAMPLES = 144
WIDTHS = (3, 4, 6)


class Gated(nn.Module):
    """A bidirectional GRU, a weight used by a function alone, and two layers of one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(4, 6, batch_first=True, bidirectional=True)
        self.mix = nn.Linear(12, 8, bias=False)
        self.first = nn.Linear(8, 8)
        self.second = nn.Linear(8, 8)
        self.second.weight = self.first.weight
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.gru(x)
        y = F.linear(y[:, -1], self.mix.weight).tanh()
        return self.head(self.second(self.first(y).relu()))


def _gated() -> Workload:
    torch.manual_seed(0)
    data = [(torch.randn(SAMPLES, 6, 4), torch.randint(0, 5, (SAMPLES,)))]
    return Workload(
        name="gated",
        model=Gated().eval(),
        calibration=data,
        sweep=data,
        evaluation=data,
        metric=Top1(),
    )


@cache
def _workload(name: str) -> Workload:
    return _gated() if name == "gated" else make_workload(name, samples=SAMPLES)


@cache
def _naive(name: str) -> dict[Cell, float]:
    workload = _workload(name)
    cells = sweep(workload, bits=WIDTHS, target="both").setup.cells
    return {cell: naive_kl(subject(workload), cell) for cell in cells}


def _swept(name: str, method: Method) -> Sensitivities:
    return Sensitivities.collect(sweep(_workload(name), bits=WIDTHS, target="both", method=method))


ALL = (*NETS, "gated")


def test_the_nets_hold_what_hooks_alone_do_not_reach():
    layers = {layer.name: layer for layer in subject(_workload("gated")).layers}
    recurrent = [name for name in layers if name.startswith("gru")]
    assert len(recurrent) == 4
    assert layers["mix"].calls == 0
    assert layers["first"].tied


@pytest.mark.parametrize(
    ("name", "method"), [("gated", "exact"), *((name, "anytime") for name in ALL)]
)
def test_measured_cells_are_those_of_the_loop(name, method):
    result, naive = _swept(name, method), _naive(name)
    assert {point.cell for point in result.points} == set(naive)
    assert {point.stage for point in result.points} == {"exact"}
    for point in result.points:
        assert point.divergence == pytest.approx(naive[point.cell], abs=1e-9), point.cell


@pytest.mark.parametrize("name", ALL)
def test_sampled_cells_hold_the_loop_in_their_interval(name):
    result, naive = _swept(name, "sampled"), _naive(name)
    assert {point.stage for point in result.points} == {"sampled"}
    assert {point.samples for point in result.points} == {draw_size(SAMPLES)}
    assert draw_size(SAMPLES) < SAMPLES
    covered = [point.low <= naive[point.cell] <= point.high for point in result.points]
    assert np.mean(covered) > 0.75
    pairs = [(point.divergence, naive[point.cell]) for point in result.points]
    ratios = [found / measured for found, measured in pairs if measured > 0]
    assert np.median(ratios) == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize("name", ALL)
def test_a_sketch_estimates_each_kind_of_tensor_as_the_loop_measures_it(name):
    result, naive = _swept(name, "sketch"), _naive(name)
    assert spearmanr([p.divergence for p in result.points], list(naive.values()))[0] > 0.97
    for point in result.points:
        if point.bits == 6:
            measured = naive[point.cell]
            assert point.divergence == pytest.approx(measured, rel=0.8, abs=1e-9), point.cell
