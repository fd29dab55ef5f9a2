"""Worst pairs of a recipe."""

import numpy as np
import pytest

from analysis.allocation.estimates import best_estimate
from analysis.allocation.options import decision_groups
from analysis.allocation.pairs import worst_pairs
from analysis.allocation.posed import picks_of
from analysis.allocation.predict import predict
from analysis.allocation.recommend import recommend
from analysis.sensitivity.interactions import Interactions
from tests.sensitivities import make_sensitivities


def terms(reliability: float = 0.9, layers: int = 4):
    result = make_sensitivities(layers)
    cells = result.setup.cells
    shifts = np.random.default_rng(1).normal(size=(len(cells), 7))
    gram = 0.5 * shifts @ shifts.T
    return result, Interactions(cells, gram, reliability, "exact", 512)


def test_all_pairs_add_up_to_what_the_pairwise_estimate_adds():
    result, known = terms()
    recipe = recommend(result).recipe
    pairs = worst_pairs(result, recipe, known, count=100)
    assert len(pairs) == 6
    groups = decision_groups(result, {})
    whole = best_estimate(result, groups, known).value(picks_of(groups, recipe))
    added = whole - predict(result, recipe).divergence
    assert sum(pair.joint for pair in pairs) == pytest.approx(added, rel=1e-6)


def test_the_largest_come_first_and_no_more_than_asked():
    result, known = terms(layers=6)
    pairs = worst_pairs(result, recommend(result).recipe, known, count=3)
    assert len(pairs) == 3
    sizes = [abs(pair.joint) for pair in pairs]
    assert sizes == sorted(sizes, reverse=True)
    assert all(pair.first.layer != pair.second.layer for pair in pairs)


def test_pairs_that_cannot_be_trusted_are_not_told():
    result, known = terms(reliability=0.1)
    assert worst_pairs(result, recommend(result).recipe, known) == ()
