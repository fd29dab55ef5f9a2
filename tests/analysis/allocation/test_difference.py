from dataclasses import replace

import numpy as np
import pytest

from analysis.allocation.difference import difference
from analysis.allocation.recommend import recommend
from analysis.allocation.verdict import verdict
from analysis.scores import Interval, Score, divergences_of, packed_divergences
from tests.sensitivities import make_score, make_sensitivities


@pytest.fixture
def score() -> Score:
    result = make_sensitivities(4)
    return make_score(result, recommend(result).recipe)


def sampled(score: Score, values: np.ndarray) -> Score:
    mean = float(values.mean())
    return replace(
        score,
        samples=len(values),
        divergence=mean,
        low=0.5 * mean,
        high=1.5 * mean,
        by_sample=packed_divergences(values),
        drop={"top1": Interval(0.02, 0.0, 0.04)},
    )


def test_what_was_packed_comes_back(score):
    values = np.array([0.0, 1.5, np.inf])
    found = divergences_of(sampled(score, values))
    assert found is not None and found.tolist() == values.tolist()


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", "AAAAAAAA"])
def test_damaged_or_missing_samples_are_none(score, text):
    assert divergences_of(replace(score, samples=5, by_sample=text)) is None


def test_a_steady_gain_is_sure_though_the_intervals_overlap(score):
    rng = np.random.default_rng(0)
    hard = rng.exponential(size=400)
    better, worse = sampled(score, hard), sampled(score, 1.05 * hard)
    found = difference(better, worse)
    assert found is not None
    assert found.gain == pytest.approx(0.05 * hard.mean(), rel=1e-4)
    assert 0 < found.low < found.gain < found.high
    assert found.side == -1
    told = verdict(better, worse)
    assert told.kind == "mixing pays"
    assert found.words in told.sentence
    assert verdict(worse, better).kind == "use uniform"


def test_a_difference_that_may_be_chance_is_a_tie(score):
    rng = np.random.default_rng(1)
    first, second = (sampled(score, rng.exponential(size=400)) for _ in range(2))
    found = difference(first, second)
    assert found is not None and found.side == 0
    told = verdict(first, second)
    assert told.kind == "tie"
    assert "the difference may be chance" in told.sentence


def test_scores_of_other_samples_are_not_compared(score):
    ours = sampled(score, np.ones(4))
    assert difference(ours, sampled(score, np.ones(5))) is None
    assert difference(ours, replace(ours, by_sample="")) is None
    assert difference(ours, replace(ours, fingerprint="other")) is None


def test_one_sample_proves_nothing(score):
    found = difference(sampled(score, np.ones(1)), sampled(score, 2 * np.ones(1)))
    assert found is not None and found.side == 0


def test_an_output_that_overflowed_loses(score):
    found = difference(sampled(score, np.ones(3)), sampled(score, np.array([1.0, np.inf, 1.0])))
    assert found is not None and found.side == -1
