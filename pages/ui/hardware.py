"""The hardware that recipes are made for, as this session chose it or an address said."""

import streamlit as st

from analysis.errors import OptionError
from analysis.hardware.catalogue import profiles
from analysis.hardware.profile import HardwareProfile

ANY = "any"
"""The choice of no hardware in particular."""

PARAMETER = "hardware"
_CHOSEN = "recipe_hardware_chosen"


def offered() -> dict[str, HardwareProfile]:
    """The shipped profiles by name; files of the server are no browser's business."""
    return {known.name: known for known in profiles()}


def current_profile() -> HardwareProfile | None:
    """The profile that recipes must suit; None for no hardware in particular."""
    return offered().get(str(st.session_state.get(_CHOSEN, ANY)))


def choose_profile(name: str) -> None:
    """Make recipes for this hardware from now on.

    Raises:
        OptionError: there is none of that name.
    """
    if name != ANY and name not in offered():
        known = ", ".join(offered())
        raise OptionError(f"The hardware must be one of {known}, not {name!r:.60}; choose again.")
    st.session_state[_CHOSEN] = name


def take_from_address() -> None:
    """Choose what the address asks for; nothing where it is silent.

    Raises:
        OptionError: it names no known hardware.
    """
    asked = st.query_params.get(PARAMETER)
    if asked:
        choose_profile(asked)


def write_to_address() -> None:
    """Put the choice into the address."""
    known = current_profile()
    if known is None:
        st.query_params.pop(PARAMETER, None)
    elif st.query_params.get(PARAMETER) != known.name:
        st.query_params[PARAMETER] = known.name
