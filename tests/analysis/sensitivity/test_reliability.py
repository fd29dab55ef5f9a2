from dataclasses import replace

import numpy as np
import pytest

from analysis.quant.spec import WEIGHT_SPEC
from analysis.sensitivity.interactions import Interactions, interactions_of
from analysis.sensitivity.points import Cell, CellSamples, SweepSetup
from analysis.sensitivity.reliability import reliability_of
from analysis.sensitivity.sweep import sweep
from tests.nets import make_workload

LABEL = WEIGHT_SPEC.with_bits(4).label


def _rows(means: list[float], noise: float, count: int = 200) -> list[CellSamples]:
    rng = np.random.default_rng(0)
    return [
        CellSamples(
            Cell(f"layer{number}", "weight", LABEL),
            0,
            mean * (1 + noise * rng.standard_normal(count)) ** 2,
            np.empty((count, 0)),
        )
        for number, mean in enumerate(means)
    ]


def _setup(rows: list[CellSamples]) -> SweepSetup:
    setup = sweep(make_workload("branched"), bits=(4,)).setup
    return replace(setup, cells=tuple(row.cell for row in rows))


def test_layers_far_apart_are_certain_in_every_place():
    rows = _rows([8.0, 4.0, 2.0, 1.0], noise=0.1)
    found = reliability_of(_setup(rows), rows)
    assert found is not None
    rank = found.rank("weight", 4)
    assert rank is not None
    assert rank.order == ("layer0", "layer1", "layer2", "layer3")
    assert rank.cuts == (1, 2, 3)
    assert rank.correlation == pytest.approx(1)
    assert "2 layers are certain" in rank.sentence


def test_equal_layers_are_not_certain_though_the_worst_one_is():
    rows = _rows([9.0, 1.0, 1.0, 1.0, 1.0, 0.01], noise=0.8)
    found = reliability_of(_setup(rows), rows)
    assert found is not None
    rank = found.rank("weight", 4)
    assert rank is not None
    assert rank.cuts == (1, 5)
    assert (rank.certain, rank.open) == (1, 4)
    assert rank.sentence == (
        "At 4 bits (weights) the most sensitive layer layer0 is certain; "
        "the order of the next 4 is not."
    )


def test_a_sweep_that_is_not_through_has_no_reliability():
    run = sweep(make_workload("branched"), bits=(2, 4))
    rows = [samples for samples, _ in run.measurements()]
    assert reliability_of(run.setup, rows[:-1]) is None
    assert reliability_of(run.setup, rows) is not None


def _interactions(method: str, samples: int = 400) -> Interactions:
    run = sweep(make_workload("branched", samples=samples), bits=(3, 5), method=method)  # type: ignore[arg-type]
    found = interactions_of(run.setup.cells, [rows for rows, _ in run.measurements()])
    assert found is not None
    return found


def test_the_diagonal_repeats_the_divergence_of_fine_cells():
    run = sweep(make_workload("branched"), bits=(8,))
    measured = list(run.measurements())
    found = interactions_of(run.setup.cells, [rows for rows, _ in measured])
    assert found is not None
    single = [point.divergence for _, point in measured]
    assert np.diag(found.gram) == pytest.approx(single, rel=0.05)


def test_the_gram_matrix_predicts_two_layers_together_better_than_their_sum():
    from analysis.quant.spec import QuantSpec
    from analysis.recipe import LayerConfig, Recipe
    from analysis.scoring import measure

    workload = make_workload("branched", samples=400)
    run = sweep(workload, bits=(5,))
    found = interactions_of(run.setup.cells, [rows for rows, _ in run.measurements()])
    assert found is not None
    errors: dict[str, list[float]] = {"sum": [], "gram": []}
    for first in range(len(found.cells)):
        for second in range(first):
            cells = [found.cells[first], found.cells[second]]
            layers = {c.layer: LayerConfig(QuantSpec.parse(c.label)) for c in cells}
            recipe = Recipe(layers, "branched", run.setup.fingerprint)
            together = measure(workload, recipe).divergence
            diagonal = found.gram[first, first] + found.gram[second, second]
            errors["sum"].append(abs(np.log(diagonal / together)))
            gram = diagonal + 2 * found.gram[first, second]
            errors["gram"].append(abs(np.log(gram / together)))
    assert np.mean(errors["gram"]) < 0.5 * np.mean(errors["sum"])


def test_sketch_and_exact_tell_the_same_interactions():
    exact, sketch = _interactions("exact"), _interactions("sketch")
    lengths = [np.sqrt(np.diag(x.gram)) for x in (exact, sketch)]
    pairs = [
        (x.gram / np.outer(length, length))[np.triu_indices(len(length), 1)]
        for x, length in zip((exact, sketch), lengths, strict=True)
    ]
    assert np.corrcoef(*pairs)[0, 1] > 0.7
    assert exact.reliability > 0.9
    assert exact.weight > 0.9


def test_unreliable_pairs_weigh_nothing():
    base = _interactions("exact", samples=24)
    assert replace(base, reliability=0.3).weight == 0
    assert replace(base, reliability=-0.2).weight == 0
    assert replace(base, reliability=0.65).weight == pytest.approx(0.788, abs=1e-3)


def test_a_layer_swept_in_two_ways_is_ranked_once_by_the_better():
    rows = _rows([8.0, 4.0, 2.0], noise=0.1)
    other = WEIGHT_SPEC.with_bits(4).label.replace("asym", "sym")
    worse = [
        replace(row, cell=replace(row.cell, label=other), divergence=6.0 * row.divergence)
        for row in rows[:2]
    ]
    found = reliability_of(_setup([*worse, *rows]), [*worse, *rows])
    assert found is not None
    rank = found.rank("weight", 4)
    assert rank is not None
    assert rank.order == ("layer0", "layer1", "layer2")
