from dataclasses import replace
from itertools import product
from math import ceil

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.cost import (
    FLOAT_BITS,
    layer_bops,
    recipe_cost,
    scale_count,
    weight_bits,
    weight_bytes,
)
from analysis.layers import Layer
from analysis.quant.grouping import Grouping
from analysis.quant.spec import (
    CodebookFormat,
    FixedPointFormat,
    FloatFormat,
    Format,
    IntFormat,
    MxFormat,
    NvFp4Format,
    PerChannel,
    PerGroup,
    PerTensor,
    QuantSpec,
)
from analysis.recipe import LayerConfig, Recipe
from tests.specs import WEIGHT_SPECS

SPECS = st.builds(
    QuantSpec,
    st.builds(IntFormat, st.integers(2, 16), st.booleans()),
    st.one_of(st.just(PerTensor()), st.just(PerChannel()), st.builds(PerGroup, st.integers(2, 40))),
)


def make_layer(shape: tuple[int, ...], axis: int = 0, *, name: str = "a", macs: int = 10) -> Layer:
    return Layer(
        name=name,
        kind="Conv2d",
        param=f"{name}.weight",
        weight_shape=shape,
        channel_axis=axis,
        input_shape=(3,),
        output_shape=(4,),
        macs=macs,
        calls=1,
        tied=(),
        group=name,
    )


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    shape = tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)))
    return make_layer(shape, draw(st.integers(0, len(shape) - 1)), macs=draw(st.integers(0, 999)))


def group_of(layer: Layer, index: tuple[int, ...], spec: QuantSpec) -> tuple[int, ...]:
    """Which scale one weight uses, found by counting."""
    axis = layer.channel_axis
    match spec.granularity:
        case PerTensor():
            return ()
        case PerChannel():
            return (index[axis],)
        case PerGroup(size):
            rest = [i for i in range(len(index)) if i != axis]
            place = 0
            for i in rest:
                place = place * layer.weight_shape[i] + index[i]
            return (index[axis], place // size)


def brute_force_bits(layer: Layer, spec: QuantSpec) -> int:
    indices = list(product(*(range(size) for size in layer.weight_shape)))
    groups = {group_of(layer, index, spec) for index in indices}
    bits = sum(spec.bits for _ in indices)
    bits += sum(stored_for_a_group(spec.format) for _ in groups)
    if isinstance(spec.format, NvFp4Format):
        bits += 32
    if spec.bias_correction and layer.bias is None:
        bits += 32 * layer.channels
    return bits


def stored_for_a_group(form: Format) -> int:
    match form:
        case IntFormat(bits, symmetric):
            return 32 + (0 if symmetric else bits)
        case FixedPointFormat() | MxFormat() | NvFp4Format():
            return 8
        case FloatFormat() | CodebookFormat():
            return 32


@settings(deadline=None)
@given(layers(), WEIGHT_SPECS)
def test_stored_bits_are_those_counted_one_by_one(layer: Layer, spec: QuantSpec) -> None:
    assert weight_bits(layer, spec) == brute_force_bits(layer, spec)
    assert weight_bytes(layer, spec) == ceil(brute_force_bits(layer, spec) / 8)


@settings(deadline=None)
@given(layers(), SPECS)
def test_as_many_scales_are_counted_as_the_quantiser_makes(layer: Layer, spec: QuantSpec) -> None:
    weight = torch.zeros(layer.weight_shape)
    grouping = Grouping.of(weight, spec.granularity, layer.channel_axis)
    assert scale_count(layer, spec) == grouping.rows * grouping.groups


def test_a_scalar_weight_has_one_scale() -> None:
    layer = make_layer(())
    for granularity in (PerTensor(), PerChannel(), PerGroup(4)):
        assert scale_count(layer, QuantSpec(IntFormat(4), granularity)) == 1


def test_a_convolution_by_hand() -> None:
    # 8 channels of 3*3*3 weights: 216 codes of 4 bits, 8 scales of 32 and 8 zero-points of 4.
    layer = make_layer((8, 3, 3, 3))
    asym = QuantSpec(IntFormat(4), PerChannel())
    assert weight_bits(layer, asym) == 216 * 4 + 8 * 36
    assert weight_bits(layer, QuantSpec(IntFormat(4, symmetric=True), PerChannel())) == 864 + 256
    # Groups of 10 in a channel of 27: 10, 10 and 7.
    assert weight_bits(layer, QuantSpec(IntFormat(4), PerGroup(10))) == 864 + 24 * 36
    assert weight_bits(layer, None) == 216 * FLOAT_BITS


@settings(deadline=None)
@given(st.lists(st.tuples(layers(), st.none() | SPECS, st.none() | SPECS), max_size=5))
def test_a_recipe_costs_the_sum_of_its_layers(
    rows: list[tuple[Layer, QuantSpec | None, QuantSpec | None]],
) -> None:
    named = [
        (make_layer(x.weight_shape, x.channel_axis, name=str(i), macs=x.macs), w, a)
        for i, (x, w, a) in enumerate(rows)
    ]
    recipe = Recipe({x.name: LayerConfig(w, a) for x, w, a in named}, "net", "f")
    cost = recipe_cost([x for x, _, _ in named], recipe, other_bytes=77)
    stored = sum(
        ceil((brute_force_bits(x, w) if w else 32 * x.parameters) / 8) for x, w, _ in named
    )
    weights = sum(x.parameters for x, _, _ in named)
    assert cost.weight_bytes == stored
    assert cost.float_bytes == 4 * weights
    assert cost.effective_bits == (8 * stored / weights if weights else 0.0)
    assert cost.bops == sum(
        x.macs * (w.bits if w else 32) * (a.bits if a else 32) for x, w, a in named
    )
    assert cost.macs == sum(x.macs for x, _, _ in named)
    assert cost.other_bytes == 77


def test_a_layer_the_recipe_does_not_name_stays_in_float() -> None:
    first, second = make_layer((4, 4), name="a"), make_layer((2, 4), name="b")
    spec = QuantSpec(IntFormat(8), PerTensor())
    recipe = Recipe({"a": LayerConfig(spec)}, "net", "f")
    cost = recipe_cost([first, second], recipe, other_bytes=0)
    assert cost.weight_bytes == 16 + 5 + 32
    assert cost.float_bytes == 96


@pytest.mark.parametrize(
    ("weight", "activation", "bits"), [(None, None, 32 * 32), (4, None, 4 * 32), (4, 8, 32)]
)
def test_bops_count_both_operands(weight: int | None, activation: int | None, bits: int) -> None:
    def spec(width: int | None) -> QuantSpec | None:
        return QuantSpec(IntFormat(width), PerTensor()) if width else None

    config = LayerConfig(spec(weight), spec(activation))
    assert layer_bops(make_layer((3, 3), macs=100), config) == 100 * bits


@pytest.mark.parametrize(
    ("label", "bits"),
    [
        ("mxfp4-e2m1 per-group-32 minmax", 4.25),
        ("mxfp8-e4m3 per-group-32 minmax", 8.25),
        ("nvfp4 per-group-16 minmax", 4.5 + 32 / 6400),
        ("nf4 per-group-64 minmax", 4.5),
        ("fixed4 per-group-32 minmax", 4.25),
        ("int4 asym per-group-32 minmax", 4 + 36 / 32),
        ("binary per-group-64 mean", 1.5),
        ("int3 asym per-channel minmax gptq +gain", 3 + 35 / 640),
    ],
)
def test_effective_bits_are_those_the_formats_are_known_for(label: str, bits: float) -> None:
    layer = make_layer((10, 640))
    assert weight_bits(layer, QuantSpec.parse(label)) / 6400 == bits


def test_correcting_a_bias_costs_one_only_where_there_is_none() -> None:
    layer = make_layer((10, 64))
    plain, corrected = (QuantSpec.parse(f"int4 asym per-channel minmax{x}") for x in ("", " +bias"))
    with_bias = replace(layer, bias="a.bias")
    unseen = replace(layer, input_shape=None)
    assert weight_bits(layer, corrected) == weight_bits(layer, plain) + 32 * 10
    assert weight_bits(with_bias, corrected) == weight_bits(layer, plain)
    assert weight_bits(unseen, corrected) == weight_bits(layer, plain)
