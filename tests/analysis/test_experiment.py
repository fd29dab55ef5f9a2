from dataclasses import replace

import numpy as np
import pytest
import torch

from analysis import experiment
from analysis.divergence import reference_of
from analysis.errors import OptionError
from analysis.experiment import compare, layer_named, look_at_input, look_at_weight, trial_samples
from analysis.quant.describe import activation_effect, weight_effect
from analysis.quant.fake import fake_quantize_weight
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig, Recipe
from analysis.simulate.calibration import calibrate
from analysis.simulate.input_channels import input_channels
from analysis.simulate.simulated import simulated
from analysis.width_strip import width_strip
from analysis.workloads.load import load_workload
from analysis.workloads.parts import pick_samples
from analysis.workloads.subject import Subject, subject

COARSE = QuantSpec.parse("int2 sym per-tensor minmax")
FINE = QuantSpec.parse("int8 asym per-channel minmax")


WORKLOAD = load_workload("digits")


@pytest.fixture
def made() -> Subject:
    return subject(WORKLOAD)


@pytest.mark.parametrize(
    "label",
    [
        "int4 asym per-channel minmax",
        "int3 sym per-tensor mse",
        "nf4 per-group-32 minmax",
        "int3 asym per-channel minmax gptq",
    ],
)
def test_a_look_is_the_effect_of_the_spec(made, label):
    layer, spec = made.layers[0], QuantSpec.parse(label)
    weight = made.model.get_parameter(layer.param).detach()
    look = look_at_weight(made, layer, spec)
    if spec.rounding == "nearest":
        assert look.effect == weight_effect(weight, spec, layer.channel_axis)
        error = fake_quantize_weight(weight, spec, layer.channel_axis) - weight
        assert look.error.low <= float(error.min()) and float(error.max()) <= look.error.high
    assert sum(look.error.counts) == look.values == look.total == layer.parameters


def test_a_large_weight_is_looked_at_in_some_of_its_channels(made, monkeypatch):
    monkeypatch.setattr(experiment, "MAX_LOOK", 200)
    layer = max(made.layers, key=lambda layer: layer.parameters)
    look = look_at_weight(made, layer, FINE)
    assert look.values < look.total == layer.parameters
    whole = weight_effect(made.model.get_parameter(layer.param), FINE, layer.channel_axis)
    assert look.effect.sqnr_db == pytest.approx(whole.sqnr_db, abs=2.0)


def test_the_range_of_a_whole_tensor_stays_that_of_the_whole(made, monkeypatch):
    monkeypatch.setattr(experiment, "MAX_LOOK", 200)
    layer = max(made.layers, key=lambda layer: layer.parameters)
    whole = weight_effect(made.model.get_parameter(layer.param), COARSE, layer.channel_axis)
    assert look_at_weight(made, layer, COARSE).effect.grid == whole.grid


def test_a_look_at_an_input_is_the_effect_on_what_calibration_saw(made):
    layer, spec = made.layers[1], QuantSpec.parse("int4 asym per-tensor mse")
    ranges = calibrate(made)
    look = look_at_input(made, layer, spec, ranges)
    assert look.effect == activation_effect(ranges[layer.name], spec)
    assert sum(look.error.counts) == look.values > 0
    with pytest.raises(OptionError, match="cannot be seen"):
        look_at_input(made, layer, spec, {})


def test_a_look_at_an_input_tells_its_channels_where_they_are_known(made):
    layer, spec = made.layers[1], QuantSpec.parse("int4 asym per-tensor mse")
    ranges, channels = calibrate(made), input_channels(made)
    told = look_at_input(made, layer, spec, ranges, channels).channels
    assert told is not None and told.total == len(told.low) == len(told.high)
    assert max(told.high) == ranges[layer.name].maximum
    assert look_at_input(made, layer, spec, ranges).channels is None


def test_a_strip_of_an_input_quantises_the_input_alone(made):
    layer, spec = made.layers[1], QuantSpec.parse("int2 asym per-tensor minmax")
    strip = width_strip(made, layer, (spec,), 3, target="activation", ranges=calibrate(made))
    inputs, _ = pick_samples(made.parts.sweep, [3])[0]
    recipe = Recipe({layer.name: LayerConfig(activation=spec)}, made.name, made.fingerprint)
    with simulated(made, recipe) as forward:
        output = forward(inputs)[0]
    assert strip.rows[1].answers == (int(output.argmax()),)
    assert strip.rows[1].probability == pytest.approx(float(output.softmax(0).max()), abs=1e-5)
    assert strip.rows[1].error > 0


def test_a_trial_is_what_running_both_recipes_gives(made):
    layer = made.layers[1]
    trial = compare(made, layer, "weight", COARSE, FINE)
    inputs, _ = pick_samples(made.parts.sweep, trial_samples(made))[0]
    with simulated(made, None) as forward:
        reference = reference_of(made.divergence, forward(inputs), 1.0)
    for spec, side in ((COARSE, trial.before), (FINE, trial.after)):
        recipe = Recipe({layer.name: LayerConfig(weight=spec)}, made.name, made.fingerprint)
        with simulated(made, recipe) as forward:
            expected = float(reference.divergence(forward(inputs)).mean())
        assert side.divergence == pytest.approx(expected, rel=1e-5)
        assert side.low <= side.divergence <= side.high
    assert trial.gain == pytest.approx(trial.before.divergence - trial.after.divergence)
    assert trial.low > 0
    assert trial.samples == 64 < trial.total


def test_a_trial_of_an_input_calibrates_where_it_must(made):
    layer = made.layers[1]
    trial = compare(
        made,
        layer,
        "activation",
        QuantSpec.parse("int2 asym per-tensor minmax"),
        QuantSpec.parse("int8 asym per-tensor minmax"),
    )
    assert trial.gain > 0


def test_trial_samples_are_distinct_and_the_same_each_time(made):
    places = trial_samples(made)
    assert len(set(places)) == len(places) == 64
    assert places == trial_samples(made)


def test_a_strip_runs_one_sample_in_float_and_at_each_width(made):
    layer = made.layers[0]
    specs = tuple(FINE.with_bits(bits) for bits in (8, 4, 2))
    strip = width_strip(made, layer, specs, 3)
    assert [row.bits for row in strip.rows] == [None, 8, 4, 2]
    assert strip.kind == "classes" and strip.sample == 3
    inputs, target = pick_samples(made.parts.sweep, [3])[0]
    with simulated(made, None) as forward:
        output = forward(inputs)[0]
    assert strip.rows[0].answers == (int(output.argmax()),)
    assert strip.rows[0].probability == pytest.approx(float(output.softmax(0).max()), abs=1e-5)
    assert target is not None and strip.target == int(target[0])
    assert strip.rows[0].error == 0 < strip.rows[1].error < strip.rows[3].error
    shape = np.array(strip.rows[0].picture).shape
    assert len(shape) == 2 and max(shape) <= 28
    levels = np.array([row.picture for row in strip.rows])
    assert levels.min() >= 0 and levels.max() <= 255
    assert levels[0].min() == 0 and levels[0].max() == 255


def test_a_sample_beyond_the_last_starts_again(made):
    strip = width_strip(made, made.layers[-1], (), 10**6)
    assert 0 <= strip.sample < strip.samples


def test_trying_leaves_the_model_as_it_was(made):
    before = {name: value.clone() for name, value in made.model.state_dict().items()}
    compare(made, made.layers[0], "weight", COARSE, FINE)
    width_strip(made, made.layers[0], (COARSE,), 0)
    assert all(torch.equal(before[name], now) for name, now in made.model.state_dict().items())


def test_an_unknown_layer_is_refused_by_name(made):
    with pytest.raises(OptionError, match="no layer 'nothing'"):
        layer_named(replace(made), "nothing")
