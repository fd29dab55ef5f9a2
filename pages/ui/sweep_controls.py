"""How a sweep that has ended is shown: which tensors, coloured by what, in which rows and order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import streamlit as st

from analysis.charts.cells import Order
from analysis.charts.numerals import DIVERGENCES
from analysis.sensitivity.blocks import Block
from analysis.sensitivity.points import Sensitivities, Target
from pages.ui.checks import one_of
from pages.ui.live_sweep import TARGET_TITLES, targets
from pages.ui.text import metric_title

BLOCK = "block"
"""Parameter of the address: the block whose layers are shown."""

Rows = Literal["layers", "blocks"]
_ROWS: dict[Rows, str] = {"layers": "Layers", "blocks": "Blocks"}
_ORDERS: dict[Order, str] = {"network": "Network order", "worst": "Worst first"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What the user chose.

    Attributes:
        targets: weights, activations or both.
        value: ``divergence`` or the name of a metric.
        rows: layers, or blocks of them.
    """

    targets: tuple[Target, ...]
    value: str
    rows: Rows
    order: Order


def shown_choices(result: Sensitivities, blocks: Sequence[Block]) -> Shown:
    """Draw the controls; those with nothing to choose from stay away."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        found = _targets(result)
        rows = _rows() if blocks else "layers"
        value = _value(result) if rows == "layers" else "divergence"
        return Shown(found, value, rows, _order())


def _targets(result: Sensitivities) -> tuple[Target, ...]:
    present = targets(result.setup)
    if len(present) == 1:
        return present
    choices = (*present, "both")
    chosen = st.segmented_control(
        "Quantised",
        choices,
        default=present[0],
        required=True,
        format_func=lambda name: "Both" if name == "both" else TARGET_TITLES[name],
        key="sweep_view_target",
    )
    picked = one_of("target", chosen, choices)
    return tuple(target for target in present if picked in (target, "both"))


def _value(result: Sensitivities) -> str:
    metric = result.setup.metric
    if metric is None:
        return "divergence"
    values = ("divergence", metric)
    chosen = st.segmented_control(
        "Colour",
        values,
        default="divergence",
        required=True,
        format_func=lambda name: metric_title(name) if name == metric else "Divergence",
        key="sweep_view_value",
        help=f"Divergence: {DIVERGENCES[result.setup.divergence]}, of the quantised output "
        "against the float output.",
    )
    return one_of("value", chosen, values)


def _rows() -> Rows:
    chosen = st.segmented_control(
        "Rows",
        get_args(Rows),
        default="blocks" if BLOCK in st.query_params else "layers",
        required=True,
        format_func=lambda rows: _ROWS[rows],
        key="sweep_view_rows",
        help="A block holds the layers that share the numbered part of their names. Its figure "
        "is an estimate of what happens when all of them are at that width.",
    )
    return one_of("rows", chosen, get_args(Rows))


def _order() -> Order:
    chosen = st.segmented_control(
        "Order",
        get_args(Order),
        default="network",
        required=True,
        format_func=lambda order: _ORDERS[order],
        key="sweep_view_order",
    )
    return one_of("order", chosen, get_args(Order))
