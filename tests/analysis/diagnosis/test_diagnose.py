from dataclasses import replace
from typing import Any

import pytest

from analysis.diagnosis.case import Case, Finding, dead_channels
from analysis.diagnosis.diagnose import diagnose, diagnose_input
from analysis.layers import Layer
from analysis.profiles import LayerProfile
from analysis.quant.spec import QuantSpec
from analysis.quant.stats import Histogram, SpecEffect, TensorStats
from analysis.sensitivity.points import SweepPoint

LAYER = Layer(
    name="conv2",
    kind="Conv2d",
    param="conv2.weight",
    weight_shape=(16, 16, 3, 3),
    channel_axis=0,
    input_shape=(16, 8, 8),
    output_shape=(16, 8, 8),
    macs=1,
    calls=1,
    tied=(),
    group="conv2",
)
QUIET = TensorStats(
    count=2304,
    minimum=-1.0,
    maximum=1.0,
    mean=0.0,
    std=0.4,
    zeros=0.0,
    kurtosis=0.0,
    outliers=0.0,
    constant=False,
)
PROFILE = LayerProfile(
    layer=LAYER,
    weight=Histogram(-1.0, 1.0, (1,) * 256),
    weight_stats=QUIET,
    activation=None,
    activation_stats=None,
    channel_min=(-1.0,) * 16,
    channel_max=(1.0,) * 16,
    effects=(),
)
SPEC = QuantSpec.parse("int4 asym per-channel minmax")
ONE_SCALE = QuantSpec.parse("int4 asym per-tensor minmax")
SYMMETRIC = QuantSpec.parse("int4 sym per-channel minmax")


def effect(spec: QuantSpec, sqnr_db: float = 30.0, clipped: float = 0.0, reach: float = 1.0):
    return SpecEffect(spec, sqnr_db, clipped, (0.1, 0.1), (-reach, 0.0, reach))


def point(layer: str, bits: int, divergence: float) -> SweepPoint:
    label = SPEC.with_bits(bits).label
    return SweepPoint(layer, "weight", bits, label, divergence, 0.0, 1.0, 200, 200, {})


def stats(**changes: Any) -> TensorStats:
    return replace(QUIET, **changes)


def found(case: Case, title: str) -> Finding | None:
    return next((finding for finding in diagnose(case) if finding.title == title), None)


def test_a_layer_without_fault_has_no_finding():
    case = Case(PROFILE, SPEC, effect(SPEC), following="conv3")
    assert diagnose(case) == ()


def test_outlier_channels_under_one_scale_get_a_scale_each():
    wide = replace(PROFILE, channel_max=(1.0,) * 15 + (7.0,))
    finding = found(Case(wide, ONE_SCALE), "Outlier channels")
    assert finding is not None
    assert finding.remedy.label == "int4 asym per-channel minmax"
    assert "1 of 16" in finding.sentence and "4.0 times" in finding.sentence
    assert "2.0 bits" in finding.sentence
    assert found(Case(wide, SPEC), "Outlier channels") is None
    assert found(Case(PROFILE, ONE_SCALE), "Outlier channels") is None


def test_unbalanced_channels_before_another_layer_get_a_scale_each():
    uneven = replace(PROFILE, channel_max=tuple(0.1 * 1.35**n for n in range(16)))
    uneven = replace(uneven, channel_min=(0.0,) * 16)
    finding = found(Case(uneven, ONE_SCALE, following="conv3"), "Unbalanced layers")
    assert finding is not None and "conv3" in finding.sentence
    assert found(Case(uneven, ONE_SCALE), "Unbalanced layers") is None
    assert found(Case(PROFILE, ONE_SCALE, following="conv3"), "Unbalanced layers") is None


def test_a_one_sided_range_loses_its_symmetric_codes():
    skewed = replace(PROFILE, channel_min=(-0.2,) * 16, weight_stats=stats(minimum=-0.2))
    finding = found(Case(skewed, SYMMETRIC), "One-sided range")
    assert finding is not None
    assert finding.remedy == SPEC
    assert "40%" in finding.sentence
    assert found(Case(skewed, SPEC), "One-sided range") is None
    assert found(Case(PROFILE, SYMMETRIC), "One-sided range") is None


def test_a_power_of_two_scale_that_overshoots_is_a_dead_range():
    fixed = QuantSpec.parse("fixed4 per-channel minmax")
    finding = found(Case(PROFILE, fixed, effect(fixed, reach=1.9)), "Dead range")
    assert finding is not None and "47%" in finding.sentence
    assert finding.remedy == SPEC
    assert found(Case(PROFILE, fixed, effect(fixed, reach=1.1)), "Dead range") is None


def test_weights_far_from_zero_are_a_dead_range():
    far = replace(PROFILE, weight_stats=stats(minimum=0.9, maximum=1.1, std=0.05))
    finding = found(Case(far, SPEC), "Dead range")
    assert finding is not None and "82%" in finding.sentence
    assert finding.remedy.bits == 6
    near = replace(PROFILE, weight_stats=stats(minimum=0.1, maximum=1.1))
    assert found(Case(near, SPEC), "Dead range") is None


def test_few_large_weights_get_a_range_that_clips_them():
    tailed = replace(PROFILE, weight_stats=stats(std=0.1, outliers=0.002))
    finding = found(Case(tailed, SPEC), "Few large weights")
    assert finding is not None
    assert finding.remedy.label == "int4 asym per-channel msegain"
    assert "10.0 standard deviations" in finding.sentence and "0.20%" in finding.sentence
    assert "16 codes" in finding.sentence
    symmetric = found(Case(tailed, SYMMETRIC), "Few large weights")
    assert symmetric is not None and "15 codes" in symmetric.sentence
    eight = SPEC.with_bits(8)
    assert found(Case(tailed, eight), "Few large weights") is None
    clipping = QuantSpec.parse("int4 asym per-channel mse")
    assert found(Case(tailed, clipping), "Few large weights") is None
    assert found(Case(PROFILE, SPEC), "Few large weights") is None


def test_at_two_bits_common_tails_count_as_large():
    normal = replace(PROFILE, weight_stats=stats(std=0.25))
    two = SPEC.with_bits(2)
    assert found(Case(normal, two), "Few large weights") is not None
    assert found(Case(normal, SPEC), "Few large weights") is None
    uniform = replace(PROFILE, weight_stats=stats(std=0.58))
    assert found(Case(uniform, two), "Few large weights") is None


def test_inputs_that_are_never_negative_lose_their_symmetric_codes():
    positive = replace(PROFILE, activation_stats=stats(minimum=0.0))
    symmetric = effect(QuantSpec.parse("int4 sym per-tensor minmax"))
    finding = found(Case(positive, SPEC, seen=symmetric), "One-sided input")
    assert finding is not None and finding.target == "activation"
    assert finding.remedy.label == "int4 asym per-tensor minmax"
    signed = replace(PROFILE, activation_stats=QUIET)
    assert found(Case(signed, SPEC, seen=symmetric), "One-sided input") is None
    asymmetric = effect(QuantSpec.parse("int4 asym per-tensor minmax"))
    assert found(Case(positive, SPEC, seen=asymmetric), "One-sided input") is None


def test_few_large_inputs_get_a_range_that_clips_them():
    minmax = QuantSpec.parse("int4 asym per-tensor minmax")
    tailed = replace(PROFILE, activation_stats=stats(minimum=0.0, maximum=9.0, std=0.5))
    finding = found(Case(tailed, SPEC, seen=effect(minmax)), "Few large inputs")
    assert finding is not None and finding.target == "activation"
    assert finding.remedy.label == "int4 asym per-tensor mse"
    assert "18.0 standard deviations" in finding.sentence
    even = replace(PROFILE, activation_stats=stats(minimum=0.0, maximum=2.0, std=0.5))
    assert found(Case(even, SPEC, seen=effect(minmax)), "Few large inputs") is None
    clipping = QuantSpec.parse("int4 asym per-tensor mse")
    assert found(Case(tailed, SPEC, seen=effect(clipping)), "Few large inputs") is None


def test_an_input_is_judged_by_its_own_rules_alone():
    positive = replace(PROFILE, activation_stats=stats(minimum=0.0))
    symmetric = effect(QuantSpec.parse("int4 sym per-tensor minmax"))
    tailed = replace(positive, weight_stats=stats(std=0.1))
    case = Case(tailed, SPEC, effect(SPEC, sqnr_db=5.0), seen=symmetric)
    assert {finding.target for finding in diagnose(case)} == {"weight", "activation"}
    assert {finding.target for finding in diagnose_input(case)} == {"activation"}
    still = replace(PROFILE, activation_stats=stats(constant=True))
    assert diagnose_input(Case(still, SPEC, seen=symmetric)) == ()
    assert diagnose_input(Case(PROFILE, SPEC, seen=symmetric)) == ()


def test_fixed_point_scales_take_no_gain_so_the_range_is_mse():
    tailed = replace(PROFILE, weight_stats=stats(std=0.1))
    finding = found(Case(tailed, QuantSpec.parse("fixed4 per-channel minmax")), "Few large weights")
    assert finding is not None and finding.remedy.range_method == "mse"


def test_a_layer_that_costs_much_more_than_the_median_gets_more_bits():
    points = [point(name, 4, 0.01) for name in ("a", "b", "c")]
    costly = [*points, point("conv2", 4, 0.08)]
    finding = found(Case(PROFILE, SPEC, points=costly), "Sensitive layer")
    assert finding is not None and finding.remedy.bits == 6
    assert "8.0 times" in finding.sentence and "200 sweep samples" in finding.sentence
    harmless = [*points, point("conv2", 4, 0.012)]
    assert found(Case(PROFILE, SPEC, points=harmless), "Sensitive layer") is None
    assert found(Case(PROFILE, SPEC.with_bits(3), points=costly), "Sensitive layer") is None


def test_coarse_rounding_is_for_gptq_where_the_input_is_known():
    finding = found(Case(PROFILE, SPEC, effect(SPEC, sqnr_db=14.0)), "Coarse rounding")
    assert finding is not None and finding.remedy.label.endswith("gptq +bias")
    assert "14.0 dB" in finding.sentence and "20%" in finding.sentence
    assert found(Case(PROFILE, SPEC, effect(SPEC, sqnr_db=26.0)), "Coarse rounding") is None
    unseen = replace(PROFILE, layer=replace(LAYER, input_shape=None))
    assert found(Case(unseen, SPEC, effect(SPEC, sqnr_db=14.0)), "Coarse rounding") is None


def test_clipped_inputs_get_the_whole_range():
    clipping = QuantSpec.parse("int4 asym per-tensor mse")
    finding = found(
        Case(PROFILE, SPEC, seen=effect(clipping, clipped=0.02)), "Saturated activations"
    )
    assert finding is not None and finding.target == "activation"
    assert finding.before == clipping
    assert finding.remedy.range_method == "minmax"
    seen = effect(clipping, clipped=0.001)
    assert found(Case(PROFILE, SPEC, seen=seen), "Saturated activations") is None


def test_a_constant_weight_has_no_fault():
    same = replace(PROFILE, weight_stats=stats(constant=True, std=0.0, minimum=0.5, maximum=0.5))
    assert diagnose(Case(same, ONE_SCALE, effect(ONE_SCALE, sqnr_db=3.0))) == ()


@pytest.mark.parametrize("label", ["mxfp4-e2m1 per-group-32 minmax", "ternary per-channel mean"])
def test_formats_that_leave_no_choice_get_only_remedies_that_exist(label):
    spec = QuantSpec.parse(label)
    tailed = replace(PROFILE, weight_stats=stats(std=0.1))
    for finding in diagnose(Case(tailed, spec, effect(spec, sqnr_db=8.0))):
        assert QuantSpec.parse(finding.remedy.label) == finding.remedy


def test_dead_channels_are_those_without_a_span():
    assert dead_channels(PROFILE) == 0
    assert dead_channels(replace(PROFILE, channel_min=(1.0,) * 3 + (-1.0,) * 13)) == 3
