import numpy as np
import pytest

from analysis.decision.learned import CURIOSITY, Correction

RECIPES = np.array([[0, 3, 6], [1, 3, 6], [2, 5, 8], [0, 4, 7]])
RATIOS = np.array([0.4, 0.5, -0.2, 0.1])


def test_a_recipe_that_was_run_is_corrected_by_its_own_error():
    told = Correction.of(RECIPES, RATIOS).hopeful(RECIPES)
    assert told == pytest.approx(RATIOS, abs=0.1)


def test_a_recipe_unlike_all_others_gets_their_mean_and_their_whole_doubt():
    far = np.full((1, 300), 9)
    known = np.array([np.zeros(300), np.ones(300)], np.int64)
    told = Correction.of(known, np.array([1.0, 3.0])).hopeful(far)
    assert told == pytest.approx([2.0 - CURIOSITY], abs=0.1)


def test_a_neighbour_of_a_recipe_that_did_better_than_told_is_more_hopeful():
    correction = Correction.of(RECIPES, RATIOS)
    near_good, near_bad = np.array([2, 5, 7]), np.array([1, 3, 7])
    told = correction.hopeful(np.stack([near_good, near_bad]))
    assert told[0] < told[1]


def test_one_recipe_shifts_all_alike():
    told = Correction.of(RECIPES[:1], RATIOS[:1]).hopeful(RECIPES)
    assert told == pytest.approx(np.full(4, RATIOS[0]))
