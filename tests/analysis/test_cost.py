from itertools import product
from math import ceil

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.cost import (
    FLOAT_BITS,
    SCALE_BITS,
    layer_bops,
    recipe_cost,
    scale_count,
    weight_bits,
    weight_bytes,
)
from analysis.layers import Layer
from analysis.quant.grouping import Grouping
from analysis.quant.spec import IntFormat, PerChannel, PerGroup, PerTensor, QuantSpec
from analysis.recipe import LayerConfig, Recipe

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
    return bits + sum(SCALE_BITS + (0 if spec.format.symmetric else spec.bits) for _ in groups)


@settings(deadline=None)
@given(layers(), SPECS)
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
