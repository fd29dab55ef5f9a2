"""The families of specs to choose within, and how a command line names them; torch-free."""

from collections.abc import Iterable, Iterator

from analysis.quant.spec import (
    ACTIVATION_SPEC,
    WEIGHT_SPEC,
    FixedPointFormat,
    IntFormat,
    PerTensor,
    QuantSpec,
)
from analysis.sensitivity.points import Scheme, Target

_SYMMETRIC = IntFormat(8, symmetric=True)
WEIGHT_FAMILIES = (WEIGHT_SPEC, QuantSpec(_SYMMETRIC, WEIGHT_SPEC.granularity))
ACTIVATION_FAMILIES = (
    QuantSpec(ACTIVATION_SPEC.format, PerTensor()),
    QuantSpec(_SYMMETRIC, PerTensor()),
)
"""Grids with and without a zero-point: each kind of kernel finds one that it takes."""
USUAL: dict[Target, tuple[QuantSpec, ...]] = {
    "weight": WEIGHT_FAMILIES,
    "activation": ACTIVATION_FAMILIES,
}


def families_of(specs: Iterable[QuantSpec]) -> tuple[QuantSpec, ...]:
    """The bases that these specs were chosen within."""
    bases = (
        QuantSpec(
            spec.format, spec.granularity, "mean" if spec.range_method == "mean" else "minmax"
        )
        for spec in specs
    )
    sized = (IntFormat, FixedPointFormat)
    return tuple(dict.fromkeys(x.with_bits(8) if isinstance(x.format, sized) else x for x in bases))


def scheme_words(
    target: Target, scheme: Scheme, spec: QuantSpec, families: tuple[QuantSpec, ...]
) -> Iterator[str]:
    """The options of ``quantscope sweep`` that ask for this; none for what it does by itself."""
    if scheme == "fixed":
        yield from (f"--{target}-spec", spec.label)
    elif set(families) != set(USUAL[target]):
        yield from (f"--{target}s", "best")
        for base in families:
            yield from (f"--{target}-spec", base.label)
