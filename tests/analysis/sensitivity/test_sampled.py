import numpy as np
import pytest

from analysis.sensitivity.draw import draw_samples, draw_size, inclusion
from analysis.sensitivity.points import Sensitivities
from analysis.sensitivity.sweep import sweep
from tests.nets import make_workload


def test_inclusion_probabilities_sum_to_the_draw_and_stay_probabilities():
    rng = np.random.default_rng(0)
    sizes = rng.pareto(1.0, 300)
    probability = inclusion(sizes, 60)
    assert probability.sum() == pytest.approx(60)
    assert (probability > 0).all()
    assert (probability <= 1).all()
    assert (probability == 1).any()


def test_a_draw_takes_each_sample_once():
    impurity = np.random.default_rng(0).random(200)
    draw = draw_samples(impurity, 40, 0)
    assert len(set(draw.indices.tolist())) == len(draw.indices) == 40


def test_weighted_means_of_draws_are_unbiased():
    rng = np.random.default_rng(0)
    impurity = rng.beta(0.3, 2, 400)
    figures = impurity * rng.lognormal(0, 0.5, 400)
    means = [
        (draw.weights * figures[draw.indices]).mean()
        for draw in (draw_samples(impurity, 40, seed) for seed in range(300))
    ]
    assert np.mean(means) == pytest.approx(figures.mean(), rel=0.02)
    uniform = [rng.choice(figures, 40, replace=False).mean() for _ in range(300)]
    assert np.std(means) < 0.7 * np.std(uniform)


def test_draw_sizes():
    assert [draw_size(n) for n in (10, 100, 768, 9999)] == [10, 96, 96, 512]


def test_a_model_that_is_sure_of_everything_is_sampled_evenly():
    draw = draw_samples(np.zeros(50), 10, 0)
    assert draw.weights == pytest.approx(np.ones(10))


def test_a_sampled_sweep_estimates_the_exact_one():
    workload = make_workload("branched", samples=512)
    exact = Sensitivities.collect(sweep(workload, bits=(2, 4))).points
    sampled = Sensitivities.collect(sweep(workload, bits=(2, 4), method="sampled")).points
    assert {p.stage for p in sampled} == {"sampled"}
    assert {p.samples for p in sampled} == {draw_size(512)}
    covered = [s.low <= e.divergence <= s.high for e, s in zip(exact, sampled, strict=True)]
    assert np.mean(covered) > 0.7
    errors = [s.divergence / e.divergence - 1 for e, s in zip(exact, sampled, strict=True)]
    assert abs(np.mean(errors)) < 0.25


def test_drawing_everything_is_the_exact_sweep():
    workload = make_workload("branched", samples=24)
    exact = Sensitivities.collect(sweep(workload, bits=(2,))).points
    sampled = Sensitivities.collect(sweep(workload, bits=(2,), method="sampled")).points
    for first, second in zip(exact, sampled, strict=True):
        assert second.divergence == pytest.approx(first.divergence, rel=1e-5)
        assert second.metrics == pytest.approx(first.metrics)


def test_anytime_goes_from_estimate_to_measurement():
    run = sweep(make_workload("branched", samples=300), bits=(2, 4), method="anytime")
    stages, fractions = [], []
    for samples, _ in run.measurements():
        stages.append(samples.stage)
        fractions.append(run.fraction)
    assert list(dict.fromkeys(stages)) == ["sketch", "sampled", "exact"]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_the_last_word_of_anytime_is_the_exact_figure():
    workload = make_workload("branched", samples=300)
    exact = Sensitivities.collect(sweep(workload, bits=(2, 4)))
    anytime = Sensitivities.collect(sweep(workload, bits=(2, 4), method="anytime"))
    assert [p.divergence for p in anytime.points] == [p.divergence for p in exact.points]
    assert {p.stage for p in anytime.points} == {"exact"}


def test_a_spent_time_budget_ends_between_units_and_keeps_what_is_there():
    run = sweep(make_workload("branched", samples=300), bits=(2,), method="anytime", seconds=1e-9)
    assert list(run) == []
