"""How a sweep quantises: chosen for each layer and width, or one way for all."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from analysis.quant.spec import (
    ACTIVATION_SPEC,
    WEIGHT_SPEC,
    Granularity,
    IntFormat,
    PerChannel,
    PerGroup,
    PerTensor,
    QuantSpec,
    RangeMethod,
)
from analysis.sensitivity.points import Scheme, Target
from pages.ui.checks import one_of

SCHEMES: Mapping[Scheme, str] = {
    "best": "Best for each layer and width",
    "fixed": "One for all layers",
}
_WEIGHT_RANGES: Mapping[RangeMethod, str] = {
    "minmax": "Min-max: nothing is clipped",
    "percentile": "Percentile: the outermost values are clipped",
    "mse": "MSE: clipped where the squared error is least",
    "msegain": "MSE with gain: as MSE, then rescaled to the old size",
}
_INPUT_RANGES: Mapping[RangeMethod, str] = {
    "minmax": "Min-max: nothing is clipped",
    "moving": "Moving: averages of the samples' extremes",
    "percentile": "Percentile: the outermost values are clipped",
    "mse": "MSE: clipped where the squared error is least",
    "entropy": "Entropy: clipped where the histogram changes least",
    "dynamic": "Dynamic: min-max of each sample as it comes",
}
RANGES: Mapping[Target, Mapping[RangeMethod, str]] = {
    "weight": _WEIGHT_RANGES,
    "activation": _INPUT_RANGES,
}
_TITLES: Mapping[Target, str] = {"weight": "Weights", "activation": "Activations"}
_GRIDS = {False: "Asymmetric", True: "Symmetric"}
_GRANULARITIES = ("per-channel", "per-tensor", "per-group")
_HELP: Mapping[Target, str] = {
    "weight": "Clip level, rounding (GPTQ) and corrections are chosen by the divergence they cause "
    "at the output; min-max stays where nothing is measurably better.",
    "activation": "The range is chosen by the divergence it causes at the output; min-max stays "
    "where nothing is measurably better.",
}


@dataclass(frozen=True, slots=True)
class Quantiser:
    """What was asked for one kind of tensor: the fields of `SweepOptions` of that name."""

    scheme: Scheme
    spec: QuantSpec
    families: tuple[QuantSpec, ...]

    @property
    def ways(self) -> int:
        """Specs that are swept at each width."""
        return len(self.families) if self.scheme == "best" else 1


def weight_quantiser(*, disabled: bool) -> Quantiser:
    """Controls for the weights."""
    scheme = _scheme("weight", disabled=disabled)
    granularity = _granularity(disabled=disabled)
    grids, method = _grid_and_range("weight", scheme, disabled=disabled)
    families = tuple(QuantSpec(IntFormat(WEIGHT_SPEC.bits, s), granularity) for s in grids)
    if scheme == "best":
        return Quantiser(scheme, WEIGHT_SPEC, families)
    form = IntFormat(WEIGHT_SPEC.bits, grids[0])
    return Quantiser(scheme, QuantSpec(form, granularity, method), ())


def input_quantiser() -> Quantiser:
    """Controls for the layers' inputs."""
    scheme = _scheme("activation", disabled=False)
    grids, method = _grid_and_range("activation", scheme, disabled=False)
    families = tuple(QuantSpec(IntFormat(ACTIVATION_SPEC.bits, s), PerTensor()) for s in grids)
    if scheme == "best":
        return Quantiser(scheme, ACTIVATION_SPEC, families)
    form = IntFormat(ACTIVATION_SPEC.bits, grids[0])
    return Quantiser(scheme, QuantSpec(form, PerTensor(), method), ())


def _scheme(target: Target, *, disabled: bool) -> Scheme:
    chosen = st.selectbox(
        f"{_TITLES[target]}: quantiser",
        list(SCHEMES),
        format_func=lambda scheme: SCHEMES[scheme],
        disabled=disabled,
        key=f"sweep_{target}_scheme",
        help=_HELP[target],
    )
    return one_of("quantiser", chosen, tuple(SCHEMES))


def _grid_and_range(
    target: Target, scheme: Scheme, *, disabled: bool
) -> tuple[tuple[bool, ...], RangeMethod]:
    """Whether grids are symmetric (both where the best is chosen in each), and the range."""
    if scheme == "best":
        chosen = st.pills(
            f"{_TITLES[target]}: zero-point",
            list(_GRIDS),
            selection_mode="multi",
            default=list(_GRIDS),
            format_func=lambda flag: _GRIDS[flag],
            disabled=disabled,
            key=f"sweep_{target}_grids",
            help="Each is a choice of its own for every layer; hardware that runs one kind alone "
            "then still has a choice.",
        )
        return tuple(sorted(map(bool, chosen))) or (False, True), "minmax"
    symmetric = st.selectbox(
        f"{_TITLES[target]}: zero-point",
        list(_GRIDS),
        format_func=lambda flag: _GRIDS[flag],
        disabled=disabled,
        key=f"sweep_{target}_grid",
    )
    ranges = RANGES[target]
    usual = (WEIGHT_SPEC if target == "weight" else ACTIVATION_SPEC).range_method
    method = st.selectbox(
        f"{_TITLES[target]}: range",
        list(ranges),
        index=list(ranges).index(usual),
        format_func=lambda name: ranges[name],
        disabled=disabled,
        key=f"sweep_{target}_range",
    )
    return (bool(symmetric),), one_of("range method", method, tuple(ranges))


def _granularity(*, disabled: bool) -> Granularity:
    first, second = st.columns(2)
    with first:
        name = st.selectbox(
            "Weights: one scale",
            _GRANULARITIES,
            format_func=lambda one: one.replace("-", " "),
            disabled=disabled,
            key="sweep_granularity",
        )
    match one_of("granularity", name, _GRANULARITIES):
        case "per-channel":
            return PerChannel()
        case "per-tensor":
            return PerTensor()
    with second:
        size = st.number_input(
            "Weights a group", 2, 65536, 32, disabled=disabled, key="sweep_group_size"
        )
    return PerGroup(size)
