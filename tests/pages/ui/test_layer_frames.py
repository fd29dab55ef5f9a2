from math import log10

import pytest

from analysis.layers import Skipped
from analysis.quant.spec import WEIGHT_SPEC
from analysis.quant.stats import Histogram
from pages.ui.layer_frames import (
    SPARK_BINS,
    architecture_frame,
    curves,
    effect_at,
    layer_measures,
    profile_frame,
    skipped_frame,
    spark,
)
from tests.inspections import make_inspection
from tests.sensitivities import make_sensitivities

RESULT = make_sensitivities(5)
FOUND = make_inspection(RESULT)
SPEC = WEIGHT_SPEC.with_bits(4)


@pytest.mark.parametrize("bins", [1, 10, 16, 100, 256, 257])
def test_a_spark_loses_no_value_and_stays_small(bins):
    counts = tuple(range(bins))
    coarse = spark(Histogram(0.0, 1.0, counts))
    assert sum(coarse) == sum(counts)
    assert len(coarse) <= SPARK_BINS


def test_a_curve_is_the_logarithm_of_the_divergence_from_few_bits_to_many():
    name = RESULT.layers[0].name
    points = [RESULT.point(name, "weight", bits) for bits in RESULT.bits("weight")]
    expected = [log10(p.divergence) for p in points if p]
    assert curves(RESULT, "weight")[name] == pytest.approx(expected)
    assert curves(None, "weight") == {}


def test_an_effect_is_only_that_of_the_very_spec():
    effects = FOUND.profiles[0].effects
    found = effect_at(effects, SPEC)
    assert found is not None
    assert found.spec == SPEC
    assert effect_at(effects, SPEC.with_bits(16)) is None


def test_profiles_have_one_row_a_layer():
    frame = profile_frame(FOUND.profiles, SPEC, RESULT)
    assert frame["layer"].tolist() == [layer.name for layer in FOUND.layers]
    effects = [effect_at(profile.effects, SPEC) for profile in FOUND.profiles]
    assert frame["sqnr"].tolist() == pytest.approx([e.sqnr_db for e in effects if e])


def test_shares_of_the_weights_add_up():
    frame = architecture_frame(FOUND.layers)
    assert frame["share"].sum() == pytest.approx(1.0)
    assert frame["parameters"].tolist() == [layer.parameters for layer in FOUND.layers]


def test_the_sensitivity_is_a_measure_only_with_a_sweep():
    assert list(layer_measures(FOUND.layers, None)) == ["Weights", "MACs", "Input"]
    measure = layer_measures(FOUND.layers, RESULT)["Sensitivity"]
    assert "4 bits" in measure.title
    assert "512 sweep samples" in measure.title


def test_skipped_parameters_are_grouped_by_their_reason():
    skipped = [Skipped("a.bias", "Conv2d", 4, "bias"), Skipped("b.bias", "Conv2d", 6, "bias")]
    frame = skipped_frame([*skipped, Skipped("n.weight", "LayerNorm", 8, "norm")])
    assert frame["count"].tolist() == [2, 1]
    assert frame["values"].tolist() == [10, 8]
    assert frame["names"].tolist() == ["a.bias, b.bias", "n.weight"]
