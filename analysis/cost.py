"""What a recipe costs: stored bytes with scales and zero-points, BOPs, effective bits."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, prod
from typing import assert_never

from analysis.layers import Layer
from analysis.quant.formats import SCALE_BITS as SCALE_BITS
from analysis.quant.spec import PerChannel, PerGroup, PerTensor, QuantSpec
from analysis.recipe import LayerConfig, Recipe

FLOAT_BITS = 32


@dataclass(frozen=True, slots=True)
class Cost:
    """What a recipe costs.

    Attributes:
        weight_bytes: stored weights of all layers, scales and zero-points included; a layer
            left in float counts 4 bytes a weight.
        float_bytes: the same layers in float32.
        other_bytes: everything else in the model (biases, norms, buffers), always float32.
        effective_bits: 8 * weight_bytes / weights.
        bops: sum of MACs * weight bits * activation bits for one sample
            (van Baalen et al., arXiv 2005.07093); float counts 32 bits.
        macs: multiply-accumulates for one sample.
    """

    weight_bytes: int
    float_bytes: int
    other_bytes: int
    effective_bits: float
    bops: int
    macs: int


def scale_count(layer: Layer, spec: QuantSpec) -> int:
    """How many scales (and zero-points) a weight needs."""
    match spec.granularity:
        case PerTensor():
            return 1
        case PerChannel():
            return layer.channels
        case PerGroup(group_size):
            return layer.channels * ceil(layer.parameters / layer.channels / group_size)
    assert_never(spec.granularity)


def weight_bits(layer: Layer, spec: QuantSpec | None) -> int:
    """Stored bits of one weight tensor: codes, scales or block exponents, and zero-points.

    A bias correction of a layer without a bias adds one, in float32; other biases are there anyway.
    """
    if spec is None:
        return FLOAT_BITS * layer.parameters
    stored = spec.bits * layer.parameters + scale_count(layer, spec) * spec.format.group_bits
    added = spec.bias_correction and layer.bias is None and layer.has_input
    return stored + spec.format.tensor_bits + (FLOAT_BITS * layer.channels if added else 0)


def weight_bytes(layer: Layer, spec: QuantSpec | None) -> int:
    """Stored bytes of one weight tensor, each tensor padded to a whole byte."""
    return ceil(weight_bits(layer, spec) / 8)


def layer_bops(layer: Layer, config: LayerConfig) -> int:
    """MACs * weight bits * activation bits of one layer for one sample."""
    weight = config.weight.bits if config.weight else FLOAT_BITS
    activation = config.activation.bits if config.activation else FLOAT_BITS
    return layer.macs * weight * activation


def recipe_cost(layers: Iterable[Layer], recipe: Recipe, *, other_bytes: int) -> Cost:
    """Cost of a recipe; layers it does not name stay in float."""
    rows = [(layer, recipe.layers.get(layer.name, LayerConfig())) for layer in layers]
    stored = sum(weight_bytes(layer, config.weight) for layer, config in rows)
    count = sum(prod(layer.weight_shape) for layer, _ in rows)
    return Cost(
        weight_bytes=stored,
        float_bytes=count * FLOAT_BITS // 8,
        other_bytes=other_bytes,
        effective_bits=8 * stored / count if count else 0.0,
        bops=sum(layer_bops(layer, config) for layer, config in rows),
        macs=sum(layer.macs for layer, _ in rows),
    )
