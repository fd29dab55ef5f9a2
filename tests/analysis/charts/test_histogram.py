from dataclasses import replace
from math import inf

import pytest

from analysis.charts.channels import channel_ranges, channels_info
from analysis.charts.families import families
from analysis.charts.frame import alt_text
from analysis.charts.histogram import (
    spec_curve,
    tensor_histogram,
)
from analysis.profiles import LayerProfile
from analysis.quant.spec import PerTensor
from analysis.quant.stats import Histogram, TensorStats
from tests.sensitivities import make_inspection, make_sensitivities


@pytest.fixture(scope="module")
def profile() -> LayerProfile:
    return make_inspection(make_sensitivities(4)).profiles[1]


def test_bars_stand_on_the_bins(profile: LayerProfile) -> None:
    bars = tensor_histogram(profile.weight, profile.weight_stats, None).data[0]
    assert sum(bars.y) == sum(profile.weight.counts)
    assert bars.x0 - bars.width / 2 == pytest.approx(profile.weight.low)
    end = bars.x0 + (len(bars.y) - 0.5) * bars.dx
    assert end == pytest.approx(profile.weight.high) and bars.dx == bars.width


def test_the_grid_of_the_spec_is_drawn_at_its_values(profile: LayerProfile) -> None:
    effect = next(effect for effect in profile.effects if effect.spec.bits == 3)
    _, grid, ends = tensor_histogram(profile.weight, profile.weight_stats, effect).data
    assert list(grid.x[::3]) == pytest.approx(list(effect.grid))
    assert effect.spec.label in grid.name
    assert (ends.x[0], ends.x[-1]) == (effect.grid[0], effect.grid[-1])


def test_a_fine_grid_is_ticks_at_the_foot(profile: LayerProfile) -> None:
    coarse, fine = (
        next(effect for effect in profile.effects if effect.spec.bits == bits) for bits in (2, 8)
    )
    figures = [tensor_histogram(profile.weight, profile.weight_stats, e) for e in (coarse, fine)]
    lines, ticks = (figure.data[1] for figure in figures)
    assert lines.mode == "lines" and lines.y[1] == 1
    assert ticks.mode == "markers" and ticks.y0 < 0.2 and ticks.dy == 0
    assert len(ticks.x) == len(fine.grid)


def test_only_a_grid_of_many_scales_is_said_to_be_the_widest(profile: LayerProfile) -> None:
    effect = profile.effects[0]
    single = replace(effect, spec=replace(effect.spec, granularity=PerTensor()))
    names = [
        tensor_histogram(profile.weight, profile.weight_stats, e).data[1].name
        for e in (effect, single)
    ]
    assert ["widest" in name for name in names] == [True, False]


def test_a_constant_tensor_is_one_bar() -> None:
    stats = TensorStats(64, 0.5, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0, True)
    bars = tensor_histogram(Histogram(0.5, 0.5, (64,)), stats, None).data[0]
    assert bars.width > 0
    zero = tensor_histogram(Histogram(0.0, 0.0, (64,)), stats, None).data[0]
    assert zero.width > 0


def test_logarithmic_counts_and_titles_are_options(profile: LayerProfile) -> None:
    figure = tensor_histogram(
        profile.weight,
        profile.weight_stats,
        None,
        title="a <b>",
        kind="activation",
        log_counts=True,
    )
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.title.text == "a &lt;b&gt;"
    assert figure.layout.xaxis.title.text == "input value"


def test_the_description_tells_clipping_and_sqnr(profile: LayerProfile) -> None:
    effect = replace(profile.effects[0], clipped=0.012, sqnr_db=21.34)
    text = alt_text(tensor_histogram(profile.weight, profile.weight_stats, effect))
    assert "clips 1.2" in text
    assert "21.3 dB" in text


def test_a_channel_with_a_wide_span_is_an_outlier(profile: LayerProfile) -> None:
    count = len(profile.channel_min)
    wide = replace(profile, channel_min=(-1.0,) * count, channel_max=(1.0,) * (count - 1) + (5.5,))
    assert channels_info(wide).outlier == (False,) * (count - 1) + (True,)
    assert [trace.name for trace in channel_ranges(wide).data] == [
        f"{count - 1} channels",
        "1 outlier channel",
    ]


def test_strided_channels_keep_their_own_numbers(profile: LayerProfile) -> None:
    layer = replace(profile.layer, weight_shape=(1024, 3, 3, 3))
    half = replace(profile, layer=layer, channel_min=(-1.0,) * 512, channel_max=(1.0,) * 512)
    assert channels_info(half).index == tuple(range(0, 1024, 2))


def test_bars_of_channels_run_from_smallest_to_largest(profile: LayerProfile) -> None:
    (bars,) = channel_ranges(profile).data
    assert list(bars.base) == pytest.approx(list(profile.channel_min))
    assert list(bars.base + bars.y) == pytest.approx(list(profile.channel_max))


def test_equal_channels_have_no_outlier(profile: LayerProfile) -> None:
    flat = replace(profile, channel_min=(0.0, 0.0), channel_max=(0.0, 0.0))
    assert channels_info(flat).outlier == (False, False)


def test_families_are_specs_that_differ_in_width_alone(profile: LayerProfile) -> None:
    found = families(profile.effects)
    assert set(found) == {"int sym per-channel minmax", "int asym per-channel minmax"}
    assert [row.spec.bits for row in found["int sym per-channel minmax"]] == [2, 3, 4, 5, 6, 8]


def test_an_exact_spec_is_left_out_of_the_curves(profile: LayerProfile) -> None:
    exact = replace(profile, effects=tuple(replace(e, sqnr_db=inf) for e in profile.effects))
    assert len(spec_curve(exact).data) == 0
    assert len(spec_curve(profile).data) == 2


def test_inputs_have_curves_of_their_own(profile: LayerProfile) -> None:
    figure = spec_curve(profile, target="activation")
    assert [trace.name for trace in figure.data] == [
        "int sym per-tensor minmax",
        "int asym per-tensor minmax",
    ]
    assert len(spec_curve(replace(profile, activation_effects=()), target="activation").data) == 0
