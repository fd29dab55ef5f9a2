from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from analysis.allocation.drops import DropMap, fit_drops
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities


def _with(result: Sensitivities, rows: list[tuple[float, float]]) -> Sensitivities:
    """The first points replaced by (divergence, metric) rows, the others left out."""
    points = tuple(
        replace(point, divergence=divergence, metrics={"top1": figure})
        for point, (divergence, figure) in zip(result.points, rows, strict=False)
    )
    return replace(result, points=points)


def test_losses_never_fall_as_the_divergence_grows(weights: Sensitivities) -> None:
    drops = fit_drops(weights)
    assert drops is not None
    losses = drops.at(np.geomspace(1e-7, 100, 500))
    assert np.all(np.diff(losses) >= 0)
    assert losses[0] >= 0
    assert losses[-1] == weights.setup.reference["top1"]


def test_nothing_changed_is_nothing_lost(weights: Sensitivities) -> None:
    drops = fit_drops(weights)
    assert drops is not None
    assert drops.at(0.0) == 0.0


def test_neighbours_out_of_order_are_pooled(weights: Sensitivities) -> None:
    result = _with(weights, [(0.1, 0.908), (0.2, 0.898), (0.4, 0.908), (0.8, 0.818)])
    drops = fit_drops(result)
    assert drops is not None
    assert drops.at(0.1) == pytest.approx(0.01)
    assert drops.at(0.3) == pytest.approx(0.015)  # the pool of 0.2 and 0.4
    assert drops.at(0.8) == pytest.approx(0.1)
    assert drops.at(1.6) == pytest.approx(0.2)  # beyond: the line from the origin


def test_more_samples_weigh_more(weights: Sensitivities) -> None:
    result = _with(weights, [(0.1, 0.888), (0.2, 0.908)])
    heavy = replace(result.points[0], samples=3 * result.points[1].samples)
    drops = fit_drops(replace(result, points=(heavy, result.points[1])))
    assert drops is not None
    assert drops.drop[-1] == pytest.approx(0.025)


def test_a_gain_counts_as_no_loss(weights: Sensitivities) -> None:
    drops = fit_drops(_with(weights, [(0.1, 0.95), (0.2, 0.93), (0.4, 0.908)]))
    assert drops is not None
    assert drops.at(0.1) == 0.0
    assert drops.at(0.4) == pytest.approx(0.01)


def test_a_metric_where_lower_is_better_loses_upwards(weights: Sensitivities) -> None:
    setup = replace(weights.setup, direction="lower", reference={"top1": 20.0})
    drops = fit_drops(_with(replace(weights, setup=setup), [(0.1, 21.0), (0.2, 24.0)]))
    assert drops is not None
    assert drops.at(0.2) == pytest.approx(4.0)
    assert drops.most == inf


def test_without_labels_there_is_no_map() -> None:
    assert fit_drops(make_sensitivities(metric=None)) is None


@pytest.mark.parametrize("drop", [0.0, 0.004, 0.01, 0.05, 0.2, 0.5])
def test_the_largest_divergence_for_a_loss_is_the_inverse(
    weights: Sensitivities, drop: float
) -> None:
    drops = fit_drops(weights)
    assert drops is not None
    limit = drops.divergence_at(drop)
    assert drops.at(limit) <= drop + 1e-15
    assert drops.at(limit * 1.001 + 1e-9) > drop


def test_any_divergence_is_allowed_where_everything_may_be_lost(weights: Sensitivities) -> None:
    drops = fit_drops(weights)
    assert drops is not None
    assert drops.divergence_at(0.918) == inf


def test_where_nothing_was_lost_the_largest_divergence_seen_is_the_limit() -> None:
    drops = DropMap(np.array([0.0, 0.3]), np.array([0.0, 0.0]))
    assert drops.divergence_at(0.01) == 0.3
    assert drops.at(5.0) == 0.0


def test_cells_without_the_metric_are_left_out(weights: Sensitivities) -> None:
    # A sketch has labels and no metrics; a metric may be undefined on few samples.
    sketched = tuple(replace(point, metrics={}, stage="sketch") for point in weights.points)
    assert fit_drops(replace(weights, points=sketched)) is None
    undefined = replace(weights.points[0], metrics={"top1": nan})
    found = fit_drops(replace(weights, points=(undefined, *weights.points[1:])))
    without = fit_drops(replace(weights, points=weights.points[1:]))
    assert found is not None
    assert without is not None
    assert found.drop.tolist() == without.drop.tolist()
