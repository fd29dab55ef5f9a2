from collections.abc import Sequence
from dataclasses import replace

import pytest

from analysis.allocation.allocate import allocate
from analysis.allocation.baselines import baselines
from analysis.allocation.budget import Budget
from analysis.cost import weight_bytes
from analysis.errors import CancelledError, OptionError
from analysis.hardware.catalogue import profile
from analysis.quant.spec import WEIGHT_SPEC, QuantSpec
from analysis.sensitivity import choose_spec
from analysis.sensitivity.candidates import Specs
from analysis.sensitivity.choose_spec import SpecChooser, Told, best_specs, silent
from analysis.sensitivity.exact import ExactStage, chunk_size
from analysis.sensitivity.families import ACTIVATION_FAMILIES, WEIGHT_FAMILIES
from analysis.sensitivity.float_run import run_float
from analysis.sensitivity.points import Cell, Sensitivities, SweepSetup, Target, Targets
from analysis.sensitivity.sweep import Sweep, sweep
from analysis.sensitivity.weight_cache import WeightCache
from analysis.workloads.load import load_workload
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload
from tests.nets import NETS, make_workload


def exact_divergences(workload: Workload, specs: Specs) -> dict[Cell, float]:
    """Each layer alone at its chosen specs and at min-max, on the whole sweep set."""
    made = subject(workload)
    found = run_float(made, chunk_size(made.layers))
    cells = {
        name: [
            Cell(name, "weight", label)
            for bits, spec in chosen.items()
            for label in dict.fromkeys((spec.label, WEIGHT_SPEC.with_bits(bits).label))
        ]
        for name, chosen in specs.items()
    }
    stage = ExactStage(made, {}, found.scale, found.samples, 0, WeightCache(made), cells, draw=None)
    totals: dict[Cell, float] = {}
    for start in stage.starts:
        for samples in stage.measure(start, cells):
            totals[samples.cell] = totals.get(samples.cell, 0.0) + samples.divergence.sum()
    return {cell: total / found.samples for cell, total in totals.items()}


def best_sweep(
    workload: Workload,
    bits: Sequence[int],
    target: Targets = "weight",
    *,
    known: SweepSetup | None = None,
    told: Told = silent,
) -> Sweep:
    """With the default quantisers of the app."""
    return sweep(
        workload,
        known=known,
        told=told,
        bits=bits,
        target=target,
        weight_scheme="best",
        weight_families=WEIGHT_FAMILIES,
        activation_scheme="best",
        activation_families=ACTIVATION_FAMILIES,
    )


@pytest.mark.slow
def test_no_tensor_of_digits_is_worse_off_than_with_min_max() -> None:
    """All bundled workloads at all widths: tests/bench/run.py --only quantisers."""
    workload, bits = load_workload("digits"), (2, 3, 8)
    found = {p.cell: p.divergence for p in best_sweep(workload, bits, "both")}
    gains: dict[Target, list[float]] = {"weight": [], "activation": []}
    for weight, activation in zip(WEIGHT_FAMILIES, ACTIVATION_FAMILIES, strict=True):
        fixed = sweep(
            workload, bits=bits, target="both", weight_spec=weight, activation_spec=activation
        )
        plain = {p.cell: p.divergence for p in fixed}
        for cell, after in found.items():
            before = plain.get(replace(cell, label=f"{cell.spec.kernel} minmax"))
            if before is not None:
                assert after <= before, cell
                gains[cell.target].append(before / after if after else 1.0)
    assert len(gains["weight"]) + len(gains["activation"]) == len(found)
    assert sorted(gains["weight"])[len(gains["weight"]) // 2] > 3, "the median weight and width"


@pytest.mark.parametrize("net", NETS)
def test_every_layer_gets_a_spec_of_each_width_that_costs_no_more(net: str) -> None:
    workload = make_workload(net, samples=96)
    made = subject(workload)
    specs = best_specs(workload, (2, 4))
    assert set(specs) == {layer.name for layer in made.layers}
    for layer in made.layers:
        assert list(specs[layer.name]) == [2, 4]
        for bits, spec in specs[layer.name].items():
            assert spec.bits == bits
            plain = WEIGHT_SPEC.with_bits(bits)
            assert weight_bytes(layer, spec) <= weight_bytes(layer, plain)


@pytest.mark.parametrize("net", ["branched", "gpt"])
def test_what_was_measured_is_never_worse_than_min_max(net: str) -> None:
    workload = make_workload(net, samples=32)
    specs = best_specs(workload, (2, 3))
    found = exact_divergences(workload, specs)
    for layer, chosen in specs.items():
        for bits, spec in chosen.items():
            plain = Cell(layer, "weight", WEIGHT_SPEC.with_bits(bits).label)
            assert found[Cell(layer, "weight", spec.label)] <= found[plain]
    assert any(spec.rounding == "gptq" for chosen in specs.values() for spec in chosen.values())


def test_the_same_seed_chooses_the_same() -> None:
    first, second = (
        best_specs(make_workload("depthwise", samples=96), (3,), seed=5) for _ in range(2)
    )
    assert first == second


def test_layers_of_one_group_share_their_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    workload = make_workload("branched", samples=96)
    made = subject(workload)
    grouped = replace(
        made, layers=tuple(replace(layer, group=str(i // 2)) for i, layer in enumerate(made.layers))
    )
    monkeypatch.setattr(choose_spec, "subject", lambda _workload: grouped)
    specs = best_specs(workload, (3,))
    for first, second in zip(grouped.layers[::2], grouped.layers[1::2], strict=False):
        assert specs[first.name] == specs[second.name]


def test_weight_errors_beyond_the_memory_are_sketched_in_several_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    together = best_specs(make_workload("branched", samples=96), (3, 4))
    monkeypatch.setattr(choose_spec, "CANDIDATE_BYTES", 1)
    assert best_specs(make_workload("branched", samples=96), (3, 4)) == together


def test_a_sweep_of_the_best_specs_measures_them_and_counts_what_choosing_took() -> None:
    workload = make_workload("branched", samples=64)
    made = sweep(workload, bits=(3, 4), weight_scheme="best")
    specs = best_specs(workload, (3, 4))
    assert [cell.spec for cell in made.setup.cells] == [
        specs[layer.name][bits] for layer in made.setup.layers for bits in (3, 4)
    ]
    fixed = sweep(workload, bits=(3, 4))
    results = [Sensitivities.collect(each) for each in (made, fixed)]
    assert results[0].cost.forwards > results[1].cost.forwards + 1
    for best, plain in zip(*(result.points for result in results), strict=True):
        assert best.divergence <= plain.divergence


def test_uniform_baselines_take_each_layers_own_spec() -> None:
    workload = make_workload("branched", samples=64)
    result = Sensitivities.collect(sweep(workload, bits=(2, 3, 4), weight_scheme="best"))
    assert len({cell.label for cell in result.setup.cells if cell.spec.bits == 3}) > 1
    choice = allocate(result, Budget(average_bits=3))
    rivals = baselines(result, choice.recipe)
    uniform = next(recipe for recipe in rivals if recipe.name == "uniform 3-bit")
    for layer in result.layers:
        point = result.point(layer.name, "weight", 3)
        weight = uniform.layers[layer.name].weight
        assert point is not None
        assert weight is not None
        assert weight.label == point.label


def test_activations_are_swept_as_ever() -> None:
    workload = make_workload("branched")
    made = sweep(workload, bits=(4,), target="activation", weight_scheme="best")
    assert {cell.target for cell in made.setup.cells} == {"activation"}


def test_a_settled_weight_spec_leaves_nothing_to_choose() -> None:
    spec = QuantSpec.parse("int8 asym per-channel mse")
    with pytest.raises(OptionError, match="left open"):
        sweep(make_workload("branched"), bits=(4,), weight_spec=spec, weight_scheme="best")


def test_gptq_on_a_layer_without_inputs_is_noted() -> None:
    spec = QuantSpec.parse("int4 asym per-channel minmax gptq")
    assert "tokens" in sweep(make_workload("gpt"), bits=(4,), weight_spec=spec).notes[0]
    assert not sweep(make_workload("branched"), bits=(4,), weight_spec=spec).notes


def test_every_family_stays_a_choice_of_its_own() -> None:
    workload = make_workload("branched", samples=64)
    result = Sensitivities.collect(best_sweep(workload, (3, 8), "both"))
    for layer in result.layers:
        for target in ("weight", "activation") if layer.has_input else ("weight",):
            cells = [c for c in result.setup.cells if (c.layer, c.target) == (layer.name, target)]
            kinds = [(cell.spec.bits, cell.spec.format.symmetric) for cell in cells]
            assert kinds == [(3, False), (3, True), (8, False), (8, True)]
    assert (result.setup.weights, result.setup.activations) == ("best", "best")
    choice = allocate(result, Budget(average_bits=8), profile=profile("nvidia-tensorrt"))
    for config in choice.recipe.layers.values():
        assert config.weight is not None
        assert config.weight.format.symmetric
        assert config.activation is None or config.activation.format.symmetric
    open_choice = allocate(result, Budget(average_bits=8))
    assert open_choice.predicted.divergence <= choice.predicted.divergence


def test_the_chosen_range_of_an_input_is_never_worse_than_min_max() -> None:
    workload = make_workload("branched", samples=32)
    made = best_sweep(workload, (3,), "activation")
    found = {p.cell: p.divergence for p in made}
    labels = {cell.spec.family: cell.spec.kernel + " minmax" for cell in found}
    plain: dict[Cell, float] = {}
    for label in labels.values():
        spec = QuantSpec.parse(label)
        points = sweep(workload, bits=(3,), target="activation", activation_spec=spec)
        plain |= {point.cell: point.divergence for point in points}
    for cell, divergence in found.items():
        assert divergence <= plain[Cell(cell.layer, "activation", labels[cell.spec.family])]
    assert any(cell.spec.range_method != "minmax" for cell in found)


def test_a_family_of_one_width_is_swept_at_that_width() -> None:
    families = (WEIGHT_SPEC, QuantSpec.parse("nvfp4 per-group-16 minmax"))
    workload = make_workload("branched", samples=32)
    made = sweep(workload, bits=(2, 8), weight_scheme="best", weight_families=families)
    first = [cell.spec for cell in made.setup.cells if cell.layer == made.setup.layers[0].name]
    assert [spec.bits for spec in first] == [2, 4, 8]
    assert first[1].format.label == "nvfp4"


def test_an_interrupted_sweep_keeps_its_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    workload = make_workload("branched", samples=32)
    first = best_sweep(workload, (3,), "both")

    def refused(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(SpecChooser, "choose", refused)
    again = best_sweep(workload, (3,), "both", known=first.setup)
    assert again.setup == first.setup
    assert again.cost.forwards < first.cost.forwards


def test_choosing_tells_how_far_it_is_and_can_be_stopped() -> None:
    heard: list[float] = []
    best_sweep(make_workload("branched", samples=32), (3,), told=heard.append)
    assert heard == sorted(heard)
    assert heard[0] == 0.0
    assert heard[-1] == pytest.approx(1.0)

    def stop(share: float) -> None:
        if share > 0.5:
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        best_sweep(make_workload("branched", samples=32), (3,), told=stop)
