"""A layer's weight as a spec leaves it, and putting it in the model's place."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from analysis.layers import Layer
from analysis.quant.evidence import output_shift
from analysis.quant.fake import fake_quantize_weight
from analysis.quant.spec import QuantSpec
from analysis.simulate.evidence import evidence_for
from analysis.simulate.patches import spatial_dims
from analysis.simulate.substitution import substituted
from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.subject import Subject


@dataclass(frozen=True, slots=True, eq=False)
class QuantizedWeight:
    """A weight after quantising and dequantising.

    Attributes:
        weight: shape and dtype of the layer's parameter.
        shift: what a bias correction adds to each output channel, (channels,); None without one.
    """

    weight: Tensor
    shift: Tensor | None = None


WeightMaker = Callable[[Layer, QuantSpec], QuantizedWeight]


def quantized_weight(subject: Subject, layer: Layer, spec: QuantSpec) -> QuantizedWeight:
    """The layer's weight as a spec leaves it; the model keeps its own.

    The one place where a layer and a spec become tensors. Where the layer's inputs cannot be seen
    (see `evidence_for`), "gptq" rounds to nearest and "+bias" shifts nothing.
    """
    return corrected(subject, layer, spec, rounded_weight(subject, layer, spec))


def rounded_weight(subject: Subject, layer: Layer, spec: QuantSpec) -> Tensor:
    """The weight alone: all of a spec but its bias correction."""
    weight = subject.model.get_parameter(layer.param).detach()
    evidence = evidence_for(subject, layer, spec.without_bias_correction())
    return fake_quantize_weight(weight, spec, layer.channel_axis, evidence)


def corrected(subject: Subject, layer: Layer, spec: QuantSpec, rounded: Tensor) -> QuantizedWeight:
    """A `rounded_weight` with the bias correction of a spec that asks for one."""
    if not spec.bias_correction or not _shiftable(subject, layer):
        return QuantizedWeight(rounded)
    evidence = evidence_for(subject, layer, replace(spec, rounding="nearest"))
    if evidence is None:
        return QuantizedWeight(rounded)
    weight = subject.model.get_parameter(layer.param).detach()
    axis = layer.channel_axis
    shift = output_shift(weight.movedim(axis, 0), rounded.movedim(axis, 0), evidence)
    return QuantizedWeight(rounded, shift.to(weight.dtype))


def _shiftable(subject: Subject, layer: Layer) -> bool:
    """Whether the layer has a bias, or a single output that a hook can shift."""
    module = subject.model.get_submodule(layer.module)
    return layer.bias is not None or not isinstance(module, nn.RNNBase | nn.MultiheadAttention)


@contextmanager
def in_place(subject: Subject, made: Mapping[Layer, QuantizedWeight]) -> Iterator[None]:
    """Quantised weights take the place of the model's own while the context lasts.

    A shift goes into the bias; where the layer has none it is added to the output.
    """
    model = subject.model
    parameters: dict[str, Tensor] = {}
    with temporary_hooks() as handles:
        for layer, quantized in made.items():
            parameters[layer.param] = quantized.weight
            if quantized.shift is None:
                continue
            if layer.bias is not None:
                own = model.get_parameter(layer.bias).detach()
                parameters[layer.bias] = own + quantized.shift
                continue
            module = model.get_submodule(layer.module)
            handles.append(module.register_forward_hook(_shifting(module, quantized.shift)))
        with substituted(model, parameters):
            yield


def _shifting(module: nn.Module, shift: Tensor) -> Any:
    """A forward hook that adds a value to each channel of a module's output."""
    spread = shift.reshape(-1, *(1,) * spatial_dims(module))

    def hook(_module: nn.Module, _args: Any, output: Tensor) -> Tensor:
        return output + spread

    return hook


@contextmanager
def output_leaves(model: nn.Module, layers: Iterable[Layer]) -> Iterator[Mapping[str, Tensor]]:
    """Layer name to a tensor added to the layer's output channels, whose gradient can be asked for.

    It is the bias itself, or zeros where there is none; the layers must be ones whose
    `QuantizedWeight` has a shift.
    """
    leaves: dict[str, Tensor] = {}
    biases: dict[str, Tensor] = {}
    with temporary_hooks() as handles:
        for layer in layers:
            if layer.bias is not None:
                leaf = model.get_parameter(layer.bias).detach().requires_grad_()
                biases[layer.bias] = leaf
            else:
                module = model.get_submodule(layer.module)
                own = model.get_parameter(layer.param).detach()
                leaf = own.new_zeros(layer.channels).requires_grad_()
                handles.append(module.register_forward_hook(_shifting(module, leaf)))
            leaves[layer.name] = leaf
        with substituted(model, biases):
            yield leaves
