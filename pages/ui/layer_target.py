"""Which tensor of the layers is looked at, their weights or their inputs, as the address says."""

import streamlit as st

from analysis.errors import OptionError
from analysis.quant.spec import WEIGHT_RANGES, PerChannel, QuantSpec
from analysis.sensitivity.points import Target
from pages.ui.spec_parts import input_spec

PARAM = "target"
SPECS = ("spec", "spec2")
"""Parameters of the address that name a spec of the tensor."""

_KEY = "layer_target"
TITLES: dict[Target, str] = {"weight": "Weights", "activation": "Inputs"}


def chosen_target() -> Target:
    """Draw the switch where the address has it; specs follow to the other tensor."""
    now: Target = "activation" if st.query_params.get(PARAM) == "activation" else "weight"
    st.session_state[_KEY] = now

    def changed() -> None:
        target: Target = st.session_state[_KEY]
        if target == "weight":
            st.query_params.pop(PARAM, None)
        else:
            st.query_params[PARAM] = target
        for param in SPECS:
            _follow(param, target)

    st.segmented_control(
        "Tensor",
        list(TITLES),
        format_func=TITLES.__getitem__,
        key=_KEY,
        on_change=changed,
        required=True,
        label_visibility="collapsed",
    )
    return now


def _follow(param: str, target: Target) -> None:
    """Give the spec of the address to the other tensor; what that cannot take leaves it."""
    asked = st.query_params.get(param)
    if asked is None:
        return
    try:
        made = other_spec(QuantSpec.parse(asked), target)
    except OptionError:
        made = None
    if made is None:
        del st.query_params[param]
    else:
        st.query_params[param] = made.label


def other_spec(spec: QuantSpec, target: Target) -> QuantSpec | None:
    """The same format for the other tensor: one scale for inputs, one a channel for weights.

    None where inputs do not come in that format.
    """
    if target == "activation":
        return input_spec(spec)
    method = spec.range_method if spec.range_method in WEIGHT_RANGES else "minmax"
    return QuantSpec(spec.format, PerChannel(), method)
