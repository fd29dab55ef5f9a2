import numpy as np

from analysis.decision.final import Finalist, final

RNG = np.random.default_rng(0)
BASE = RNG.random(400)


def finalist(swept: float, validated: float) -> Finalist:
    """A recipe whose divergence is about so many times the additive one's."""
    noise = 1 + 0.05 * RNG.standard_normal(400)
    values = BASE * noise
    return Finalist(swept * values[:300], validated * values[300:])


def test_the_best_on_both_sets_is_taken() -> None:
    rows = [finalist(1.0, 1.0), finalist(0.8, 0.9), finalist(0.7, 0.7)]
    assert final(rows, additive=0) == 2


def test_a_recipe_that_only_fits_the_sweep_set_is_refused() -> None:
    rows = [finalist(1.0, 1.0), finalist(0.3, 1.5), finalist(0.8, 0.9)]
    assert final(rows, additive=0) == 2


def test_the_additive_optimum_stays_where_nothing_beats_it() -> None:
    assert final([finalist(1.0, 1.0), finalist(0.5, 1.3)], additive=0) == 0
    assert final([finalist(1.0, 1.0)], additive=0) == 0


def test_a_recipe_that_overflows_is_never_taken() -> None:
    broken = Finalist(np.zeros(3), np.array([0.0, np.inf]))
    assert final([Finalist(np.ones(3), np.ones(2)), broken], additive=0) == 0
