"""Every kind of spec that the rules allow, for property tests."""

from typing import Any

from hypothesis import strategies as st

from analysis.errors import OptionError
from analysis.quant.rules import check_weight_spec
from analysis.quant.spec import (
    ACTIVATION_RANGES,
    FIXED_WIDTH_FORMATS,
    WEIGHT_RANGES,
    FixedPointFormat,
    Format,
    Granularity,
    IntFormat,
    PerChannel,
    PerGroup,
    PerTensor,
    QuantSpec,
)

WIDTHS = st.integers(2, 16)
FORMATS: st.SearchStrategy[Format] = st.one_of(
    st.builds(IntFormat, WIDTHS, st.booleans()),
    st.builds(FixedPointFormat, WIDTHS),
    st.sampled_from(FIXED_WIDTH_FORMATS),
)
GRANULARITIES: st.SearchStrategy[Granularity] = st.one_of(
    st.just(PerTensor()), st.just(PerChannel()), st.builds(PerGroup, st.integers(2, 40))
)


def _allowed(*parts: Any) -> QuantSpec | None:
    try:
        return QuantSpec(*parts)
    except OptionError:
        return None


def _with_block(spec: QuantSpec | None, parts: tuple[Any, ...]) -> QuantSpec | None:
    """The spec, or for the formats of prescribed scales the only one that they allow."""
    if spec is None and hasattr(parts[0], "block"):
        return QuantSpec(
            parts[0], PerGroup(parts[0].block), "minmax", parts[3], 1.0, False, parts[6]
        )
    if spec is None and "mean" not in parts and getattr(parts[0], "name", "nf4") != "nf4":
        return _allowed(parts[0], parts[1], "mean", parts[3], 1.0, *parts[5:])
    return spec


SPECS: st.SearchStrategy[QuantSpec] = (
    st.tuples(
        FORMATS,
        GRANULARITIES,
        st.sampled_from((*WEIGHT_RANGES, *ACTIVATION_RANGES)),
        st.sampled_from(["nearest", "nearest", "gptq"]),
        st.sampled_from([1.0, 1.0, 0.85, 0.07]),
        st.sampled_from([False, False, True]),
        st.booleans(),
    )
    .map(lambda parts: _with_block(_allowed(*parts), parts))
    .filter(lambda spec: spec is not None)
    .map(lambda spec: spec or QuantSpec(IntFormat(4), PerChannel()))
)
"""Any spec at all."""


def _serves_weights(spec: QuantSpec) -> bool:
    try:
        check_weight_spec(spec)
    except OptionError:
        return False
    return True


WEIGHT_SPECS = SPECS.filter(_serves_weights)
