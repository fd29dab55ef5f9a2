"""A sweep that has ended: heat map, certainty of the ranking, curves, and the table twin."""

from collections.abc import Hashable, Sequence

import pandas as pd
import streamlit as st
from plotly.graph_objects import Figure

from analysis.charts.cells import Order, cell_grid
from analysis.charts.curves import sensitivity_curves
from analysis.charts.heatmap import sensitivity_heatmap
from analysis.charts.numerals import range_text, short
from analysis.sensitivity.block_points import within_layers
from analysis.sensitivity.blocks import find_blocks
from analysis.sensitivity.points import Sensitivities, SweepPoint, Target
from pages.ui import reads
from pages.ui.cards import table_height
from pages.ui.controls import plot
from pages.ui.evidence import evidence_text
from pages.ui.head_view import HEADS, has_heads, head_view
from pages.ui.live_sweep import TARGET_TITLES
from pages.ui.places import go
from pages.ui.sweep_blocks import block_maps, block_table
from pages.ui.sweep_controls import Shown, shown_choices
from pages.ui.text import metric_text, metric_title, plain

CERTAINTY_BITS = 4
NAMED = 3
"""So many of the most sensitive layers are named."""


def sweep_view(run: str, result: Sensitivities) -> None:
    """Everything to be read from the points of a sweep.

    Args:
        run: its id, for links and cached figures.
        result: with at least one point.
    """
    blocks = find_blocks([layer.name for layer in result.layers])
    shown = shown_choices(result, blocks)
    _judgement(result, shown.targets)
    chosen = block_maps(run, result, blocks, shown) if shown.rows == "blocks" else None
    inside = result if chosen is None else within_layers(result, chosen.layers)
    for target in shown.targets:
        _map(run, inside, target, shown, titled=len(shown.targets) > 1)
    names = ["Table", "Curves", "Specs", *(["Heads"] if has_heads(result) else [])]
    first = "Heads" if HEADS in st.query_params and "Heads" in names else "Table"
    table, curves, specs, *heads = st.tabs(
        names, on_change="rerun", key="sweep_details", default=first
    )
    with table:
        for target in shown.targets if table.open else ():
            if chosen is not None:
                block_table(chosen.infos[target], target)
            _table_twin(run, inside, target, shown)
    with curves:
        for target in shown.targets if curves.open else ():
            _curves(run, inside, target, shown.value)
    with specs:
        for target in shown.targets if specs.open else ():
            _specs(inside, target, shown.order)
    for tab in heads:
        with tab:
            if tab.open:
                head_view(run, result)


def _judgement(result: Sensitivities, shown: Sequence[Target]) -> None:
    """How sure it is, and what the sweep has to say of itself."""
    for target in shown:
        st.markdown(certainty_sentence(result, target))
    if result.reliability is not None and result.reliability.interactions is not None:
        st.caption(interaction_sentence(result.reliability.interactions))
    for note in result.notes:
        st.caption(plain(note))


def _curves(run: str, result: Sensitivities, target: Target, value: str) -> None:
    def build() -> Figure:
        return sensitivity_curves(result, target=target, value=value)

    lines = reads.drawn(("curves", *_key(run, result), target, value), build)
    plot(lines, key=f"sweep_curves_{target}")


def _specs(result: Sensitivities, target: Target, order: Order) -> None:
    """How each cell of the heat map is quantised, in words."""
    grid = cell_grid(result, target, order)
    words = [[_words(point) for point in row] for row in grid.rows]
    st.dataframe(
        pd.DataFrame(
            words,
            columns=[f"{bits} bits" for bits in grid.bits],
            index=pd.Index(grid.layers, name="layer"),
        ),
        height=table_height(len(grid.layers)),
        alt=f"How the {target}s of each layer are quantised at each width",
    )
    st.caption(
        f"{TARGET_TITLES[target]}: grid, scales, range, rounding and corrections. "
        f"{_choice(result, target)}"
    )


def _words(point: SweepPoint | None) -> str:
    """The label without the width of integers, which the column tells."""
    return "" if point is None else point.label.removeprefix(f"int{point.bits} ")


def _choice(result: Sensitivities, target: Target) -> str:
    """Where several ways were swept at one width: which of them is shown."""
    ways = len(result.of(target)) > len(result.leading(target))
    return "Of the ways swept at a width the one of least divergence is shown. " if ways else ""


def _key(run: str, result: Sensitivities) -> tuple[Hashable, ...]:
    """What a figure of these layers of a run is made of."""
    return (*reads.version(run), *(layer.name for layer in result.layers))


def _map(run: str, result: Sensitivities, target: Target, shown: Shown, *, titled: bool) -> None:
    """One heat map; a click opens the layer at that width."""
    key = (*_key(run, result), target, shown.value, shown.order)
    figure = reads.drawn(
        ("heatmap", *key),
        lambda: sensitivity_heatmap(result, target=target, value=shown.value, order=shown.order),
    )

    def clicked(cell: Sequence[object]) -> None:
        layer, bits = cell
        _open_layer(run, result, target, str(layer), int(str(bits)))

    if titled:
        st.subheader(TARGET_TITLES[target], anchor=False)
    plot(figure, key=f"sweep_heatmap_{target}", on_select=clicked)
    doubt = "A stroke marks a cell that is only an estimate or whose interval is wider than itself."
    uncertain = any(point.uncertain for point in result.of(target))
    st.caption(
        f"{_evidence(result, target)} {_choice(result, target)}{doubt + ' ' if uncertain else ''}"
        "Click a cell to see that layer at that width."
    )


def certainty_sentence(result: Sensitivities, target: Target) -> str:
    """How sure the ranking at 4 bits (or the nearest width) is, in one sentence."""
    widths = result.bits(target)
    if not widths:
        return "No cell of these is measured yet."
    bits = min(widths, key=lambda width: (abs(width - CERTAINTY_BITS), width))
    rank = result.reliability.rank(target, bits) if result.reliability is not None else None
    if rank is None:
        return "How sure the ranking is, is judged when all its cells are in."
    worst = ", ".join(
        f"**{plain(name)}**" for name in rank.order[: min(max(rank.certain, 1), NAMED)]
    )
    return f"{plain(rank.sentence)} Most sensitive: {worst}."


def interaction_sentence(reliability: float) -> str:
    """What the split-half reliability of the pairwise terms means."""
    told = "can be trusted" if reliability >= 0.5 else "are mostly noise here, so they are left out"
    return (
        f"How the errors of two layers add up: figures from two halves of the samples agree with "
        f"correlation {reliability:.2f}; pairwise terms {told}."
    )


def _open_layer(run: str, result: Sensitivities, target: Target, layer: str, bits: int) -> None:
    point = result.point(layer, target, bits)
    if point is not None:
        shown = None if target == "weight" else target
        go("layers", run=run, layer=layer, spec=point.label, target=shown)


def _evidence(result: Sensitivities, target: Target) -> str:
    asked = sum(cell.target == target for cell in result.setup.cells)
    return evidence_text(result.of(target), asked)


def _table_twin(run: str, result: Sensitivities, target: Target, shown: Shown) -> None:
    """The heat map as a table, for the keyboard: choosing a cell opens its layer."""
    value, grid = shown.value, cell_grid(result, target, shown.order)
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
