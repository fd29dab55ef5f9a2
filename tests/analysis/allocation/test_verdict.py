from dataclasses import replace

import pytest

from analysis.allocation.allocate import allocate
from analysis.allocation.baselines import same_bytes_uniform
from analysis.allocation.budget import Budget, Measurement
from analysis.allocation.verdict import verdict
from analysis.scores import Interval, Score
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_score


@pytest.fixture
def score(weights: Sensitivities) -> Score:
    """A mixed recipe of four bits on average."""
    return make_score(weights, allocate(weights, Budget(average_bits=4)).recipe)


def _uniform(weights: Sensitivities, score: Score) -> Score:
    return make_score(weights, same_bytes_uniform(weights, score.cost.weight_bytes))


def _with(score: Score, divergence: float, loss: float, half: float = 0.004) -> Score:
    interval = Interval(loss, loss - half, loss + half)
    return replace(
        score,
        divergence=divergence,
        low=0.9 * divergence,
        high=1.1 * divergence,
        drop={"top1": interval},
    )


def _of(score: Score, metric: str, reference: float) -> Score:
    """The same losses as those of another metric, lower being better."""
    named = {metric: score.drop["top1"]}
    known = {metric: reference}
    return replace(
        score, metric=metric, direction="lower", reference=known, actual=named, drop=named
    )


def _measured(divergence: float, half: float = 0.1) -> Measurement:
    return Measurement(divergence, divergence * (1 - half), divergence * (1 + half), 0.01, 512)


def test_a_clear_win_is_told_with_its_figures(weights: Sensitivities, score: Score) -> None:
    uniform = _uniform(weights, score)
    found = verdict(score, uniform)
    assert found.kind == "mixing pays"
    assert found.sentence.startswith("Mixing pays: better than uniform")
    assert uniform.recipe.name in found.sentence
    assert "2,000 samples" in found.sentence
    assert f"{score.divergence:.3g}" in found.sentence
    assert f"{uniform.divergence:.3g}" in found.sentence
    assert f"top-1 loss {100 * score.drop['top1'].value:.3g} pp" in found.sentence
    assert f"{score.cost.weight_bytes:,} against {uniform.cost.weight_bytes:,}" in found.sentence


def test_the_verdict_is_the_same_seen_from_the_other_side(score: Score) -> None:
    good, bad = _with(score, 0.01, 0.01), _with(score, 0.02, 0.02)
    assert verdict(good, bad).kind == "mixing pays"
    found = verdict(bad, good)
    assert found.kind == "use uniform"
    assert found.sentence.startswith("Use mixed: it is better than mixing")


def test_intervals_that_overlap_are_a_tie_and_speak_for_uniform(score: Score) -> None:
    found = verdict(_with(score, 0.0100, 0.010), _with(score, 0.0105, 0.011))
    assert found.kind == "tie"
    assert found.sentence.startswith("A tie, the intervals overlap")
    assert found.sentence.endswith("is as good, use it.")


def test_the_task_loss_outweighs_the_divergence(score: Score) -> None:
    assert verdict(_with(score, 0.02, 0.01), _with(score, 0.01, 0.03)).kind == "mixing pays"


def test_the_divergence_decides_where_the_task_loss_cannot(score: Score) -> None:
    assert verdict(_with(score, 0.01, 0.010), _with(score, 0.02, 0.011)).kind == "mixing pays"


def test_losses_that_are_surely_negligible_are_a_tie(score: Score) -> None:
    found = verdict(_with(score, 0.0001, 0.001, 0.002), _with(score, 0.0002, 0.002, 0.002))
    assert found.kind == "tie"
    assert "neither loses anything that counts" in found.sentence


def test_a_loss_that_too_few_samples_hide_is_not_called_negligible(score: Score) -> None:
    found = verdict(_with(score, 0.01, 0.001, 0.02), _with(score, 0.02, 0.002, 0.02))
    assert found.kind == "mixing pays"


def test_a_metric_that_is_no_share_is_told_plainly(score: Score) -> None:
    better, worse = _with(score, 0.01, 0.1, 0.05), _with(score, 0.02, 0.11, 0.05)
    found = verdict(_of(better, "perplexity", 50.0), _of(worse, "perplexity", 50.0))
    assert found.kind == "tie"
    assert "perplexity loss 0.1 against 0.11," in found.sentence


def test_measurements_are_judged_by_their_divergence() -> None:
    assert verdict(_measured(0.01), _measured(0.02)).kind == "mixing pays"
    assert verdict(_measured(0.02), _measured(0.01)).kind == "use uniform"
    assert verdict(_measured(0.01), _measured(0.0101)).kind == "tie"


def test_a_measured_baseline_can_be_named() -> None:
    found = verdict(_measured(0.02), _measured(0.01), name="uniform 4-bit")
    assert found.sentence.startswith("Use uniform 4-bit: it is better than mixing on 512 samples")


def test_equal_figures_are_a_tie() -> None:
    assert verdict(_measured(0.01, 0.0), _measured(0.01, 0.0)).kind == "tie"


def test_a_score_without_labels_is_judged_by_its_divergence(score: Score) -> None:
    bare = replace(score, metric=None, drop={}, reference={}, actual={})
    better = replace(bare, divergence=0.001, low=0.0009, high=0.0011)
    worse = replace(bare, divergence=0.002, low=0.0019, high=0.0021)
    found = verdict(better, worse)
    assert found.kind == "mixing pays"
    assert "loss" not in found.sentence


def test_a_tie_with_a_larger_uniform_recipe_speaks_for_mixing(
    weights: Sensitivities, score: Score
) -> None:
    larger = make_score(weights, same_bytes_uniform(weights, 2 * score.cost.weight_bytes))
    found = verdict(_with(score, 0.01, 0.01), _with(larger, 0.0099, 0.01))
    saved = 1 - score.cost.weight_bytes / larger.cost.weight_bytes
    assert found.kind == "mixing pays"
    assert f"Mixing pays: {100 * saved:.0f} % smaller than uniform" in found.sentence
    assert "the intervals overlap" in found.sentence


def test_a_few_bytes_less_are_not_worth_the_trouble(score: Score) -> None:
    cost = replace(score.cost, weight_bytes=int(1.03 * score.cost.weight_bytes))
    larger = replace(_with(score, 0.0099, 0.01), cost=cost)
    assert verdict(_with(score, 0.01, 0.01), larger).kind == "tie"


def test_a_small_error_is_no_share(score: Score) -> None:
    """A tenth more error counts, though it is less than half a hundredth."""
    better, worse = _with(score, 0.01, 0.0040, 1e-5), _with(score, 0.02, 0.0041, 1e-5)
    found = verdict(_of(better, "rmse", 0.05), _of(worse, "rmse", 0.05))
    assert found.kind == "mixing pays"
    assert "RMSE loss 0.004 against 0.0041, " in found.sentence
