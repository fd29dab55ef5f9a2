"""What a sweep can quantise of a model, what not and why, and under which names; torch-free."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analysis.layers import Layer, Skipped

INDICES = "its input are row numbers, which have no format to choose"
FUNCTIONAL = "its weight is used by a function, so no hook sees what is multiplied with it"
SECOND = "the input belongs to another weight of the same module"


@dataclass(frozen=True, slots=True)
class CoveredLayer:
    """One weight that can be quantised.

    Attributes:
        parameters: number of weights.
        share: of all parameter values of the model.
        input: whether the input of its module can be quantised too.
        why_not: the reason where it cannot; else empty.
        decided_with: layers that take the same option, because a runtime merges them.
        inputs_like: layers whose inputs take the same format, because they meet or are one tensor.
        tied: other names of the very same weight.
        folded: batch norm that was folded into it, or None.
        exported: the name of its weight in the state dict, which exports keep.
    """

    layer: str
    kind: str
    parameters: int
    share: float
    input: bool
    why_not: str
    decided_with: tuple[str, ...]
    inputs_like: tuple[str, ...]
    tied: tuple[str, ...]
    folded: str | None
    exported: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a sweep covers of a model.

    Attributes:
        skipped: parameters that stay in float, each with its reason.
        parameters: values of the whole model.
        covered: those of the layers.
    """

    workload: str
    layers: tuple[CoveredLayer, ...]
    skipped: tuple[Skipped, ...]
    parameters: int
    covered: int

    @property
    def share(self) -> float:
        """Of the parameter values, in [0, 1]."""
        return self.covered / self.parameters if self.parameters else 0.0

    @property
    def inputs(self) -> int:
        """Layers whose input can be quantised."""
        return sum(layer.input for layer in self.layers)


def coverage_of(
    workload: str, layers: Sequence[Layer], skipped: Sequence[Skipped], parameters: int
) -> Coverage:
    """The report, from what was found by running the model once.

    Args:
        workload: its name.
        layers: in call order.
        skipped: what stays in float.
        parameters: values of the whole model, batch norms folded.
    """
    covered = tuple(_covered(layer, layers, parameters) for layer in layers)
    total = sum(layer.parameters for layer in layers)
    return Coverage(workload, covered, tuple(skipped), parameters, total)


def _covered(layer: Layer, layers: Sequence[Layer], parameters: int) -> CoveredLayer:
    return CoveredLayer(
        layer=layer.name,
        kind=layer.kind,
        parameters=layer.parameters,
        share=layer.parameters / parameters if parameters else 0.0,
        input=layer.has_input,
        why_not="" if layer.has_input else _why_not(layer, layers),
        decided_with=tuple(_others(layer, layers, layer.group, "group")),
        inputs_like=tuple(_others(layer, layers, layer.input_group, "input_group")),
        tied=layer.tied,
        folded=layer.folded,
        exported=layer.param,
    )


def _others(layer: Layer, layers: Sequence[Layer], name: str | None, field: str) -> Iterator[str]:
    if name is not None:
        yield from (x.name for x in layers if getattr(x, field) == name and x is not layer)


def _why_not(layer: Layer, layers: Sequence[Layer]) -> str:
    """Why the input of a layer was not seen as numbers."""
    if layer.calls == 0:
        return FUNCTIONAL
    if any(x.module == layer.module and x.has_input for x in layers):
        return SECOND
    return INDICES
