"""Which layers the table lists and in which order; the address says so, so that a link does."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from analysis.profiles import Inspection, LayerProfile

NAME, KIND, SORT = "name", "kind", "sort"
"""Parameters of the address."""

_NAME_KEY, _KIND_KEY, _SORT_KEY = "layer_filter", "kind_filter", "layer_sort"


@dataclass(frozen=True, slots=True)
class Order:
    """A column to sort by."""

    title: str
    column: str
    ascending: bool = False


ORDERS: Mapping[str, Order] = {
    "": Order("call order", ""),
    "sqnr": Order("SQNR, lowest first", "sqnr", ascending=True),
    "sensitivity": Order("sensitivity, highest first", "sensitivity"),
    "kurtosis": Order("kurtosis", "kurtosis"),
    "outliers": Order("outliers", "outliers"),
    "dead": Order("dead channels", "dead"),
}


def listed(found: Inspection) -> tuple[LayerProfile, ...]:
    """Draw the filters where the address has them; the layers that pass, all without a filter."""
    kinds = sorted({layer.kind for layer in found.layers})
    asked = [kind for kind in st.query_params.get(KIND, "").split(",") if kind in kinds]
    st.session_state[_NAME_KEY] = st.query_params.get(NAME, "")
    st.session_state[_KIND_KEY] = asked
    st.session_state[_SORT_KEY] = chosen_order()
    with st.grid(3, min_column_width=100, gap="small"):
        text = st.text_input(
            "Name",
            key=_NAME_KEY,
            placeholder="part of it",
            on_change=lambda: _write(NAME, str(st.session_state[_NAME_KEY]).strip()),
        )
        picked = st.multiselect(
            "Kind",
            kinds,
            key=_KIND_KEY,
            placeholder="all",
            on_change=lambda: _write(KIND, ",".join(st.session_state[_KIND_KEY])),
        )
        st.selectbox(
            "Order",
            list(ORDERS),
            key=_SORT_KEY,
            format_func=lambda name: ORDERS[name].title,
            on_change=lambda: _write(SORT, str(st.session_state[_SORT_KEY])),
        )
    part = text.strip().casefold()
    return tuple(
        profile
        for profile in found.profiles
        if part in profile.layer.name.casefold() and (not picked or profile.layer.kind in picked)
    )


def chosen_order() -> str:
    """The order of the address; anything else is call order."""
    asked = st.query_params.get(SORT, "")
    return asked if asked in ORDERS else ""


def _write(param: str, value: str) -> None:
    if value:
        st.query_params[param] = value
    else:
        st.query_params.pop(param, None)


def ordered(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows in an order of `ORDERS`; rows without the figure come last."""
    order = ORDERS[name]
    if not order.column:
        return frame
    values = frame[order.column]
    if order.column == "sensitivity":
        values = values.map(lambda curve: curve[0] if len(curve) else None).astype(float)
    places = values.sort_values(ascending=order.ascending, kind="stable", na_position="last").index
    return frame.loc[places].reset_index(drop=True)
