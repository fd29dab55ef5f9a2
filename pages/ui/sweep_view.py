"""A sweep that has ended: heat map, certainty of the ranking, curves, and the table twin."""

from collections.abc import Sequence
from typing import get_args

import pandas as pd
import streamlit as st

from analysis.charts.cells import CellGrid, Order, cell_grid
from analysis.charts.curves import sensitivity_curves
from analysis.charts.heatmap import sensitivity_heatmap
from analysis.charts.numerals import DIVERGENCES, range_text, short
from analysis.sensitivity.certainty import rank_certainty
from analysis.sensitivity.points import Sensitivities, SweepPoint, Target
from pages.ui import reads
from pages.ui.cards import table_height
from pages.ui.checks import one_of
from pages.ui.controls import plot
from pages.ui.evidence import evidence_text
from pages.ui.live_sweep import TARGET_TITLES, targets
from pages.ui.places import go
from pages.ui.text import metric_text, metric_title, plain

CERTAINTY_BITS = 4
_ORDERS: dict[Order, str] = {"network": "Network order", "worst": "Worst first"}


def sweep_view(run: str, result: Sensitivities) -> None:
    """Everything to be read from the points of a sweep.

    Args:
        run: its id, for links and cached figures.
        result: with at least one point.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        target = _target(result)
        value = _value(result)
        order = _order()
    st.markdown(certainty_sentence(result, target))
    key = (*reads.version(run), target, value, order)
    figure = reads.drawn(
        ("heatmap", *key),
        lambda: sensitivity_heatmap(result, target=target, value=value, order=order),
    )

    def clicked(cell: Sequence[object]) -> None:
        layer, bits = cell
        _open_layer(run, result, target, str(layer), int(str(bits)))

    plot(figure, key="sweep_heatmap", on_select=clicked)
    st.caption(f"{_evidence(result, target)} Click a cell to see that layer at that width.")
    table, curves = st.tabs(["Table", "Curves"], on_change="rerun", key="sweep_details")
    with table:
        if table.open:
            _table_twin(run, result, target, value, cell_grid(result, target, order))
    with curves:
        if curves.open:
            lines = reads.drawn(
                ("curves", *key), lambda: sensitivity_curves(result, target=target, value=value)
            )
            plot(lines, key="sweep_curves")


def certainty_sentence(result: Sensitivities, target: Target) -> str:
    """How sure the ranking at 4 bits (or the nearest width) is, in one sentence."""
    widths = result.bits(target)
    if not widths:
        return "No cell of these is measured yet."
    bits = min(widths, key=lambda width: (abs(width - CERTAINTY_BITS), width))
    found = rank_certainty(result, target, bits)
    if found.layers < 2:
        return f"Only one layer is measured at {bits} bits, so there is no ranking yet."
    worst = plain(found.worst[0])
    head = f"**{worst}** is the most sensitive layer at {bits} bits"
    head += ", for certain" if found.top_settled else ", though the next one may be worse"
    return (
        f"{head}. {found.settled} of {found.layers} places in the ranking are settled: their "
        "95 % intervals overlap no neighbour's."
    )


def _target(result: Sensitivities) -> Target:
    present = targets(result.setup)
    if len(present) == 1:
        return present[0]
    chosen = st.segmented_control(
        "Quantised",
        present,
        default=present[0],
        required=True,
        format_func=lambda target: TARGET_TITLES[target],
        key="sweep_view_target",
    )
    return one_of("target", chosen, present)


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


def _order() -> Order:
    chosen = st.segmented_control(
        "Rows",
        get_args(Order),
        default="network",
        required=True,
        format_func=lambda order: _ORDERS[order],
        key="sweep_view_order",
    )
    return one_of("order", chosen, get_args(Order))


def _open_layer(run: str, result: Sensitivities, target: Target, layer: str, bits: int) -> None:
    point = result.point(layer, target, bits)
    if point is not None:
        go("layers", run=run, layer=layer, spec=point.label)


def _evidence(result: Sensitivities, target: Target) -> str:
    asked = sum(cell.target == target for cell in result.setup.cells)
    return evidence_text(result.of(target), asked)


def _table_twin(
    run: str, result: Sensitivities, target: Target, value: str, grid: CellGrid
) -> None:
    """The heat map as a table, for the keyboard: choosing a cell opens its layer."""
    frame = pd.DataFrame(
        [[_cell_text(point, value) for point in row] for row in grid.rows],
        columns=[f"{bits} bits" for bits in grid.bits],
        index=pd.Index(grid.layers, name="layer"),
    )
    event = st.dataframe(
        frame,
        key="sweep_table",
        on_select="rerun",
        selection_mode="single-cell",
        height=table_height(len(grid.layers)),
        alt="Divergence with its 95 % interval for each layer and bit-width",
    )
    interval = " with its 95 % interval" if value == "divergence" else ""
    st.caption(f"{metric_title(value).capitalize()}{interval}. Choose a cell to open its layer.")
    cells = event["selection"]["cells"]
    if cells:
        row, column = cells[0]
        _open_layer(run, result, target, grid.layers[row], int(str(column).split()[0]))


def _cell_text(point: SweepPoint | None, value: str) -> str:
    if point is None:
        return ""
    partial = "" if point.complete else f", {point.samples:,} samples"
    if value != "divergence":
        known = point.metrics.get(value)
        return (metric_text(value, known) if known is not None else "") + partial
    return f"{short(point.divergence)} ({range_text(point.low, point.high)}{partial})"
