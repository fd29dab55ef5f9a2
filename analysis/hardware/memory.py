"""Activation memory: what must be held while a layer runs."""

from collections.abc import Iterable
from math import ceil, prod

from analysis.cost import FLOAT_BITS
from analysis.layers import Layer
from analysis.recipe import LayerConfig, Recipe


def activation_bytes(layer: Layer, config: LayerConfig) -> int:
    """Bytes of the layer's input and output for one sample, each padded to a whole byte.

    Both are taken at the width of the layer's own input (float counts 32 bits): an integer kernel
    gives what it takes, and a later change of precision is a pass of its own.
    """
    bits = config.activation.bits if config.activation is not None else FLOAT_BITS
    output = prod(layer.output_shape) if layer.output_shape is not None else 0
    return ceil(layer.input_size * bits / 8) + ceil(output * bits / 8)


def peak_activation_bytes(layers: Iterable[Layer], recipe: Recipe) -> int:
    """The most activation memory any one layer needs for one sample: max of `activation_bytes`.

    What is modelled: one layer runs at a time, with its input and its output alive. What is not:
    other tensors that are alive meanwhile (a shortcut around a block, the parts of a
    concatenation), work memory of the kernels (im2col), the reuse of the input's memory for the
    output, and modules without weights. The true peak of a network with branches is higher.
    """
    return max(
        (activation_bytes(layer, recipe.layers.get(layer.name, LayerConfig())) for layer in layers),
        default=0,
    )
