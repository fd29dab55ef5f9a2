from dataclasses import replace

import numpy as np
import pytest

from analysis.decision.race import Rounds
from analysis.decision.trials import Simulator, Trials
from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC
from analysis.recipe import LayerConfig, Recipe
from analysis.scoring import measure
from analysis.workloads.parts import tensors_of
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Workload
from tests.nets import make_workload


def uniform(made: Subject, bits: int, inputs: bool = False) -> Recipe:
    activation = ACTIVATION_SPEC.with_bits(bits) if inputs else None
    config = LayerConfig(WEIGHT_SPEC.with_bits(bits), activation)
    layers = {layer.name: config if layer.has_input else LayerConfig() for layer in made.layers}
    return Recipe(layers, made.name, made.fingerprint, f"{bits} bits")


def trials_of(workload: Workload) -> Trials:
    made = subject(workload)
    return Trials.of(Simulator(made), made.parts.sweep)


@pytest.mark.parametrize("name", ["branched", "gpt"])
@pytest.mark.parametrize("inputs", [False, True])
def test_a_measurement_is_that_of_measure(name: str, inputs: bool) -> None:
    workload = make_workload(name)
    recipe = uniform(subject(workload), 4, inputs)
    found, expected = trials_of(workload).measurement(recipe), measure(workload, recipe)
    assert found.divergence == pytest.approx(expected.divergence, rel=1e-5)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-4)
    assert found.drop == pytest.approx(expected.drop)
    assert found.samples == expected.samples


def test_each_sample_is_run_once() -> None:
    workload = make_workload("branched", samples=40)
    trials = trials_of(workload)
    recipe = uniform(subject(workload), 3)
    places = np.array([5, 3, 30])
    part = trials.divergence(recipe, places)
    assert trials.forwards == pytest.approx(1 + 3 / 40)
    assert not trials.whole(recipe)
    whole = trials.divergence(replace(recipe, name="same, renamed"))
    assert trials.forwards == pytest.approx(2)
    assert trials.whole(recipe)
    np.testing.assert_array_equal(whole[places], part)
    assert trials.divergence(recipe) is not None
    assert trials.forwards == pytest.approx(2)


def test_several_batches_keep_their_order() -> None:
    workload = make_workload("branched", samples=40)
    (batch,) = workload.sweep or ()
    images, targets = tensors_of(batch[0])[0], batch[1]
    assert targets is not None
    halves = [(images[:25], targets[:25]), (images[25:, :, :6, :6], targets[25:])]
    trials = trials_of(replace(workload, sweep=halves))
    recipe = uniform(subject(workload), 2)
    places = np.array([0, 24, 25, 39])
    part = trials.divergence(recipe, places)
    np.testing.assert_allclose(trials.divergence(recipe)[places], part, rtol=1e-5)
    np.testing.assert_allclose(part[:2], trials_of(workload).divergence(recipe)[[0, 24]], rtol=1e-5)


def finish(work):
    """What a generator returns."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def test_a_race_finds_the_best_and_drops_losers_early() -> None:
    workload = make_workload("branched", samples=256)
    trials = trials_of(workload)
    made = subject(workload)
    recipes = [uniform(made, bits) for bits in (2, 8, 3)]
    rounds = Rounds.of(trials, seed=0)
    assert len(rounds.draws) == 3
    best = finish(rounds.race(recipes))
    assert best == recipes[1]
    assert trials.whole(recipes[1])
    assert not trials.whole(recipes[0])
    assert rounds.beats(recipes[1], recipes[2])
    assert not rounds.beats(recipes[0], recipes[1])
