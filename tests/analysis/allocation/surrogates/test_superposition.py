import numpy as np
import pytest
from scipy.special import log_softmax

from analysis.allocation.options import decision_groups
from analysis.allocation.surrogates.superposition import MOST_SAMPLES, Superposition
from analysis.sensitivity.logit_shifts import LogitShifts
from tests.sensitivities import make_sensitivities

RESULT = make_sensitivities(layers=4, bits=(2, 4, 8))


def made(samples: int = 20, scale: float = 1.0) -> tuple[Superposition, LogitShifts]:
    rng = np.random.default_rng(0)
    log_p = log_softmax(3 * rng.normal(size=(samples, 2, 5)), axis=-1)
    cells = tuple(point.cell for point in RESULT.points)
    shifts = scale * rng.normal(size=(len(cells), samples, 2, 5))
    shifts -= (np.exp(log_p) * shifts).sum(-1, keepdims=True)
    known = LogitShifts(cells, log_p, shifts.astype(np.float32))
    surrogate = Superposition.of(decision_groups(RESULT, {}), known)
    assert surrogate is not None
    return surrogate, known


def kl(known: LogitShifts, picks: np.ndarray) -> float:
    log_q = log_softmax(known.log_p + known.shifts[picks].astype(float).sum(0), axis=-1)
    return float((np.exp(known.log_p) * (known.log_p - log_q)).sum(-1).mean())


PICKS = np.array([0, 4, 8, 9])


@pytest.mark.parametrize("scale", [1e-4, 1.0, 300.0])
def test_it_is_the_divergence_of_the_summed_logits(scale: float) -> None:
    surrogate, known = made(scale=scale)
    assert surrogate.value(PICKS) == pytest.approx(kl(known, PICKS), rel=1e-6, abs=1e-14)


def test_moves_are_worth_what_their_recipes_are() -> None:
    surrogate, known = made()
    moves = np.array([[1, 0, 0], [2, 3, 8], [0, 5, 10]])
    recipes = [[1, 4, 8, 9], [2, 3, 8, 9], [0, 5, 8, 10]]
    expected = [kl(known, np.array(picks)) for picks in recipes]
    np.testing.assert_allclose(surrogate.moves(PICKS, moves), expected, rtol=1e-6)
    # from elsewhere, after the sum was brought along
    np.testing.assert_allclose(surrogate.value(np.array(recipes[1])), expected[1], rtol=1e-6)


def test_singles_are_right_to_second_order() -> None:
    surrogate, known = made(scale=0.01)
    singles = surrogate.singles(PICKS)
    for option in range(12):
        after = PICKS.copy()
        after[option // 3] = option
        assert singles[option] == pytest.approx(kl(known, after), rel=0.05)


def test_of_many_samples_some_are_drawn() -> None:
    surrogate, known = made(samples=3 * MOST_SAMPLES)
    assert len(surrogate.p) <= 2 * MOST_SAMPLES
    assert surrogate.shares.sum() == pytest.approx(1, rel=0.1)
    assert surrogate.value(PICKS) == pytest.approx(kl(known, PICKS), rel=0.1)
