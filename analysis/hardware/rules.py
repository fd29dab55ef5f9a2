"""Which specs a kernel takes, as values that read from JSON and print as words."""

from dataclasses import dataclass
from typing import ClassVar, assert_never

from pydantic import ConfigDict

from analysis.quant.spec import (
    FixedPointFormat,
    Granularity,
    IntFormat,
    PerChannel,
    PerGroup,
    PerTensor,
    QuantSpec,
)

INTEGER, FIXED_POINT, FLOAT = "int", "fixed", "float"
"""Formats of a rule besides the label of a number format; the last is "left in float"."""

ANY_KIND = "*"

STRICT: ConfigDict = {"extra": "forbid"}
"""A misspelt field of a data file is refused: left out, it would loosen a rule in silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecRule:
    """Specs of one tensor.

    Attributes:
        format: "int", "fixed", "float" (the tensor stays in float), or the label of a format of
            one width, such as ``fp8-e4m3``.
        bits: widths; empty allows all.
        symmetric: whether the zero-point is fixed at 0; None allows both.
        granularity: "per-tensor", "per-channel", "per-group"; empty allows all.
        group_sizes: of per-group scales; empty allows all.
    """

    __pydantic_config__: ClassVar = STRICT

    format: str = INTEGER
    bits: tuple[int, ...] = ()
    symmetric: bool | None = None
    granularity: tuple[str, ...] = ()
    group_sizes: tuple[int, ...] = ()

    def allows(self, spec: QuantSpec | None) -> bool:
        """Whether a tensor quantised so (None: left in float) fits the rule."""
        if spec is None or self.format == FLOAT:
            return spec is None and self.format == FLOAT
        return self._allows_format(spec) and self._allows_granularity(spec.granularity)

    def _allows_format(self, spec: QuantSpec) -> bool:
        if self.format not in (INTEGER, FIXED_POINT):
            return spec.format.label == self.format
        family = IntFormat if self.format == INTEGER else FixedPointFormat
        return (
            isinstance(spec.format, family)
            and (not self.bits or spec.bits in self.bits)
            and self.symmetric in (None, spec.format.symmetric)
        )

    def _allows_granularity(self, granularity: Granularity) -> bool:
        if self.granularity and _family(granularity) not in self.granularity:
            return False
        sized = isinstance(granularity, PerGroup) and bool(self.group_sizes)
        return not sized or getattr(granularity, "group_size", None) in self.group_sizes

    @property
    def words(self) -> str:
        """Text for people, such as ``int4/8 sym per-channel`` or ``float``."""
        if self.format == FLOAT:
            return FLOAT
        if self.format not in (INTEGER, FIXED_POINT):
            return " ".join([self.format, *self._scales()])
        name = (
            f"{self.format}{'/'.join(map(str, self.bits))}" if self.bits else f"any {self.format}"
        )
        symmetry = {None: [], True: ["sym"], False: ["asym"]}[self.symmetric]
        return " ".join([name, *symmetry, *self._scales()])

    def _scales(self) -> list[str]:
        sizes = "/".join(map(str, self.group_sizes))
        names = [
            f"{name}-{sizes}" if name == "per-group" and sizes else name
            for name in self.granularity
        ]
        return [" or ".join(names)] if names else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A weight and an input that one kernel takes together."""

    __pydantic_config__: ClassVar = STRICT

    weight: SpecRule
    activation: SpecRule


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRule:
    """What the kernels for some kinds of layer take.

    Attributes:
        kinds: class names of modules, or "*" for every kind.
        pairs: the kernels.
    """

    __pydantic_config__: ClassVar = STRICT

    kinds: tuple[str, ...]
    pairs: tuple[Pair, ...]

    def covers(self, kind: str) -> bool:
        """Whether the rule is about this kind of layer."""
        return kind in self.kinds or ANY_KIND in self.kinds

    @property
    def words(self) -> str:
        """Text for people; inputs that go with the same weights together."""
        inputs: dict[str, list[str]] = {}
        for pair in self.pairs:
            inputs.setdefault(pair.weight.words, []).append(pair.activation.words)
        return "; or ".join(
            f"{weight} weights with {' or '.join(found)} inputs" for weight, found in inputs.items()
        )


def _family(granularity: Granularity) -> str:
    match granularity:
        case PerTensor():
            return "per-tensor"
        case PerChannel():
            return "per-channel"
        case PerGroup():
            return "per-group"
    assert_never(granularity)
