"""What a sweep can quantise: one value for each layer."""

from dataclasses import dataclass
from math import prod


@dataclass(frozen=True, slots=True)
class Layer:
    """One weight that can be quantised, and the input of the module that owns it.

    Attributes:
        name: module path in the user's model, such as ``stage1.0.conv2``.
        kind: class name of the module, such as ``Conv2d``.
        param: full parameter name, such as ``stage1.0.conv2.weight``.
        weight_shape: shape of the parameter.
        channel_axis: axis of the output channels in the weight.
        input_shape: shape of the first input for one sample; None when the module never ran, when
            the input is no float tensor, or when an earlier weight of the module owns the input.
        output_shape: likewise for the output.
        macs: multiply-accumulates for one sample.
        calls: times the module ran in one forward; 0 means its weight is used functionally, so
            the weight can be quantised and the input cannot be observed.
        tied: other parameter names that share this storage; they share its decision.
        group: decision group; layers of one group take the same option.
        input_group: layers of one input group take the same activation spec, because their inputs
            meet in a residual add or a concatenation, or are one tensor; None stands alone.
        folded: name of the batch norm folded into this weight, or None.
        bias: full name of the parameter that is added to the output, one value a channel; None
            where there is none.
    """

    name: str
    kind: str
    param: str
    weight_shape: tuple[int, ...]
    channel_axis: int
    input_shape: tuple[int, ...] | None
    output_shape: tuple[int, ...] | None
    macs: int
    calls: int
    tied: tuple[str, ...]
    group: str
    folded: str | None = None
    input_group: str | None = None
    bias: str | None = None

    @property
    def module(self) -> str:
        """Path of the module that owns the weight; its first input is the layer's input."""
        return self.param.rpartition(".")[0]

    @property
    def has_input(self) -> bool:
        """Whether the input was seen as a float tensor and can be quantised."""
        return self.input_shape is not None

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return prod(self.weight_shape)

    @property
    def channels(self) -> int:
        """Number of output channels."""
        return self.weight_shape[self.channel_axis] if self.weight_shape else 1

    @property
    def input_size(self) -> int:
        """Input values for one sample; 0 when the module never ran."""
        return prod(self.input_shape) if self.input_shape is not None else 0


@dataclass(frozen=True, slots=True)
class Skipped:
    """A parameter that stays in float, and why."""

    name: str
    kind: str
    parameters: int
    reason: str
