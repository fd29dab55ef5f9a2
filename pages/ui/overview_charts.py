"""The two pictures of the Overview: where it hurts, and what it buys."""

from typing import Any

import streamlit as st

from analysis.allocation.predict import to_choice
from analysis.charts.frontier import MeasuredMark, frontier_figure
from analysis.charts.heatmap import sensitivity_heatmap
from analysis.runs.records import Job
from analysis.scores import Score
from analysis.sensitivity.points import Sensitivities, Target
from pages.ui import reads
from pages.ui.controls import plot
from pages.ui.places import go
from pages.ui.text import samples_text


def where_it_hurts(job: Job, result: Sensitivities, message: str | None = None) -> None:
    """The heat map with its message; a click on a cell opens the layer at that width."""
    target: Target = "weight" if result.of("weight") else "activation"

    def open_cell(cell: Any) -> None:
        point = result.point(str(cell[0]), target, int(cell[1]))
        if point is not None:
            shown = None if target == "weight" else target
            go("layers", run=job.id, layer=point.layer, spec=point.label, target=shown)

    with st.container(border=True):
        st.header("Where it hurts", anchor=False)
        if message is not None:
            st.markdown(message)
        st.caption(
            f"Divergence from the float output with only that layer's {target}s quantised, on "
            f"{samples_text(result.setup.samples, 'sweep')}. Click a cell to open the layer."
        )
        figure = reads.drawn(
            ("overview heat map", *reads.version(job.id), target),
            lambda: sensitivity_heatmap(result, target=target),
        )
        plot(figure, key="where_it_hurts", on_select=open_cell)
        _table_twin(job, result, target)


def _table_twin(job: Job, result: Sensitivities, target: Target) -> None:
    """The same figures as a table, for the keyboard and for copying."""
    twin = st.expander("As a table", on_change="rerun", key="where_table")
    if not twin.open:
        return
    widths = result.bits(target)
    rows = {
        layer.name: {
            f"{bits} bits": point.divergence
            for bits in widths
            if (point := result.point(layer.name, target, bits)) is not None
        }
        for layer in result.layers
    }
    with twin:
        event = st.dataframe(
            [{"layer": name, **row} for name, row in rows.items()],
            key="where_cells",
            hide_index=True,
            on_select="rerun",
            selection_mode="single-row",
            alt="Divergence of every layer at every width; choosing a row opens the layer",
            column_config={
                "layer": st.column_config.TextColumn("Layer", pinned=True),
                **{f"{b} bits": st.column_config.NumberColumn(format="%.2e") for b in widths},
            },
        )
    chosen = event["selection"]["rows"]
    if chosen:
        go("layers", run=job.id, layer=result.layers[chosen[0]].name)


def what_it_buys(
    job: Job, result: Sensitivities, measured: tuple[Score, ...], message: str | None
) -> None:
    """The frontier with what was measured, the recommended recipe first.

    A click on a point of the line opens the recipe of that size.
    """
    points = reads.frontier(job.id)

    def open_point(index: Any) -> None:
        place = index[0] if isinstance(index, list) else index
        go("recipe", run=job.id, bytes=str(points[int(place)].weight_bytes))

    with st.container(border=True):
        st.header("What it buys", anchor=False)
        if message is not None:
            st.markdown(message)
        st.caption(
            "Size against loss: the line is predicted from "
            f"{samples_text(result.setup.samples, 'sweep')}, marks with intervals are measured on "
            "held-out ones. Click a point to open its recipe."
        )
        marks = tuple(_mark(score) for score in measured)
        star = None
        if measured:
            made = to_choice(result, measured[0].recipe)
            star = (made.cost.weight_bytes, made.predicted.divergence)
        figure = reads.drawn(
            ("overview frontier", *reads.version(job.id), star, marks),
            lambda: frontier_figure(points, chosen=star, measured=marks),
        )
        plot(figure, key="what_it_buys", on_select=open_point)


def _mark(score: Score) -> MeasuredMark:
    return MeasuredMark(
        name=score.recipe.name,
        weight_bytes=score.cost.weight_bytes,
        divergence=score.divergence,
        low=score.low,
        high=score.high,
        samples=score.samples,
    )
