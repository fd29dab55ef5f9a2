"""A workload that was looked at: its figures, its layers, and what stays in float."""

import streamlit as st

from analysis.charts.architecture import architecture_bars
from analysis.charts.network import network_graph
from analysis.charts.told_edges import told_edges
from analysis.coverage import coverage_of
from analysis.profiles import Inspection
from analysis.runs.records import InspectOptions
from analysis.sensitivity.points import Sensitivities
from pages.ui import reads
from pages.ui.controls import plot
from pages.ui.layer_frames import (
    TALL,
    TALL_PIXELS,
    Measure,
    architecture_frame,
    coverage_frame,
    layer_measures,
    skipped_frame,
)
from pages.ui.places import go, link
from pages.ui.progress import watch
from pages.ui.submit import submit_job
from pages.ui.text import (
    bytes_text,
    count_text,
    metric_text,
    metric_title,
    percent,
    plain,
    samples_text,
)
from pages.ui.workload_cards import inspect_job


def show(title: str, found: Inspection, result: Sensitivities | None, source: str) -> None:
    """Figures, architecture and coverage of an inspected workload.

    Args:
        title: of the workload.
        found: what the look found.
        result: the sweep on screen, when it is of these weights.
        source: of the workload.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.header(plain(title), anchor=False, width="content")
        link("layers", "See its layers", icon=":material/layers:", model=found.fingerprint)
    if found.description:
        st.caption(plain(found.description))
    _figures(found)
    with st.container(border=True):
        _graph(found, result, source)
    left, right = st.columns([4, 7], gap="small")
    with left, st.container(border=True):
        _bars(found, result)
    with right, st.container(border=True):
        _layers(found)
    _coverage(found)


def _figures(found: Inspection) -> None:
    counts = found.samples
    weights = sum(layer.parameters for layer in found.layers)
    rows = [
        (
            "Parameters",
            count_text(found.parameters),
            f"{len(found.layers)} layers to quantise",
            "All parameters of the model, with batch norms folded where that is possible.",
        ),
        (
            "Weights in float",
            bytes_text(4 * weights),
            f"{bytes_text(found.other_bytes)} more stay float",
            "Weights of the layers at 4 bytes each; biases and buffers are not quantised.",
        ),
        (
            "MACs",
            count_text(sum(layer.macs for layer in found.layers)),
            "for one sample",
            "Multiply-accumulates of all layers in one forward of one sample.",
        ),
    ]
    if found.metric is not None:
        rows.append(
            (
                f"{metric_title(found.metric)} in float",
                metric_text(found.metric, found.reference[found.metric]),
                f"on {samples_text(counts.evaluation, 'evaluation')}",
                f"The task metric of the float model; {found.direction} is better.",
            )
        )
    with st.grid(len(rows), min_column_width=150, gap="small"):
        for title, value, below, help_text in rows:
            st.metric(
                title,
                value,
                delta=below,
                delta_color="off",
                delta_arrow="off",
                border=True,
                height="stretch",
                help=help_text,
            )
    st.caption(
        f"Data, in disjoint parts: **{samples_text(counts.calibration, 'calibration')}** for the "
        f"ranges, **{samples_text(counts.sweep, 'sweep')}** for the sensitivities, "
        f"**{samples_text(counts.evaluation, 'evaluation')}** for the final score alone."
        + ("" if found.metric else " There are no labels: figures are divergences from float.")
    )


def _graph(found: Inspection, result: Sensitivities | None, source: str) -> None:
    """The network as a graph, coloured by a number that can be chosen; a click opens the layer."""
    st.subheader("The network", anchor=False)
    if found.edges is None:
        _look_again(source)
        return
    measures = layer_measures(found.layers, result)
    chosen = _chosen_bits(found, result)
    if chosen is not None:
        measures = {**measures, "Chosen bits": chosen}
    names = list(measures)
    name = st.segmented_control(
        "Coloured by",
        names,
        default=names[-1] if chosen is not None else names[0],
        key="graph_measure",
        required=True,
        label_visibility="collapsed",
    )
    measure = measures.get(str(name), measures[names[0]])
    edges = told_edges(found.layers, found.edges)
    figure = reads.drawn(
        ("network", found.fingerprint, measure.title, result and result.run),
        lambda: network_graph(
            found.layers,
            edges,
            measure.values,
            title=measure.title,
            bits=measure is chosen,
        ),
    )
    plot(
        figure,
        key="network_graph",
        on_select=lambda picked: go("layers", model=found.fingerprint, layer=str(picked[0])),
    )
    implied = len(found.edges) - len(edges)
    st.caption(
        "Read like text: each line goes on in the next. The table below has the same layers."
        + (
            f" Left out: {implied:,} edges that follow from the others, as past the blocks of a "
            "residual stream."
            if implied
            else ""
        )
    )


def _look_again(source: str) -> None:
    """For looks of earlier versions, which kept no edges."""
    st.caption("The look that is shown kept no edges; a new one has them, and takes seconds.")
    job = inspect_job(source, live=True)
    if job is not None:
        watch(job.id)
    elif st.button("Look again", key="look_again"):
        submit_job("inspect", source, InspectOptions())
        go("model", workload=source)


def _chosen_bits(found: Inspection, result: Sensitivities | None) -> Measure | None:
    """Widths of the weights in the recommended recipe of the sweep on screen."""
    record = reads.recommended(result.run) if result is not None and result.run else None
    if record is None:
        return None
    configs = {layer.name: record.recipe.layers.get(layer.name) for layer in found.layers}
    specs = {name: config.weight for name, config in configs.items() if config is not None}
    bits = {name: spec.bits for name, spec in specs.items() if spec is not None}
    return Measure("bits in the recommended recipe", bits)


def _bars(found: Inspection, result: Sensitivities | None) -> None:
    """One bar a layer, for a number that can be chosen; a click opens the layer."""
    measures = layer_measures(found.layers, result)
    st.subheader("From input to output", anchor=False)
    names = list(measures)
    name = st.segmented_control(
        "Number shown",
        names,
        default=names[0],
        key="measure",
        required=True,
        label_visibility="collapsed",
    )
    measure = measures.get(str(name), measures[names[0]])
    figure = reads.drawn(
        ("architecture", found.fingerprint, measure.title, result and result.run),
        lambda: architecture_bars(found.layers, measure.values, title=measure.title),
    )
    plot(
        figure,
        key="architecture_bars",
        on_select=lambda picked: go("layers", model=found.fingerprint, layer=str(picked[0])),
    )


def _layers(found: Inspection) -> None:
    st.subheader("Layers", anchor=False)
    frame = architecture_frame(found.layers)
    event = st.dataframe(
        frame,
        key=f"architecture_{found.fingerprint[:12]}",
        hide_index=True,
        height="content" if len(frame) <= TALL else TALL_PIXELS,
        on_select="rerun",
        selection_mode="single-row",
        alt="All layers in call order with shape, size and work; choosing one opens it",
        column_config=_COLUMNS,
    )
    rows = event["selection"]["rows"]
    if rows:
        go("layers", model=found.fingerprint, layer=found.layers[rows[0]].name)


_COLUMNS = {
    "layer": st.column_config.TextColumn("Layer", pinned=True),
    "kind": st.column_config.TextColumn("Kind"),
    "shape": st.column_config.TextColumn("Weight shape"),
    "parameters": st.column_config.NumberColumn("Weights", format="localized"),
    "share": st.column_config.ProgressColumn(
        "Share", format="percent", help="Share of all weights that can be quantised"
    ),
    "macs": st.column_config.NumberColumn(
        "MACs", format="compact", help="Multiply-accumulates for one sample"
    ),
    "input": st.column_config.TextColumn("Input shape"),
    "calls": st.column_config.NumberColumn(
        "Calls",
        help="Times the module runs in one forward; 0: its weight is used functionally, so its "
        "input cannot be observed",
    ),
    "folded": st.column_config.TextColumn(
        "Folded batch norm", help="The batch norm that was folded into this weight"
    ),
    "tied": st.column_config.TextColumn(
        "Tied with", help="Parameters that share this storage, and so its decision"
    ),
}


def _coverage(found: Inspection) -> None:
    report = coverage_of(found.workload, found.layers, found.skipped, found.parameters)
    st.subheader("What will be quantised, and what not", anchor=False)
    st.caption(
        f"**{percent(report.share)}** of all parameter values lie in {len(report.layers)} layers "
        f"that can be quantised, and {report.inputs} of their inputs can be. Layers that a runtime "
        "merges share one decision; the last column is the name of the weight in exports."
    )
    st.dataframe(
        coverage_frame(report),
        hide_index=True,
        height="content" if len(report.layers) <= TALL else TALL_PIXELS,
        alt="What of each layer can be quantised, why not, shared decisions, exported names",
        column_config=_COVERAGE_COLUMNS,
    )
    if not found.skipped:
        st.caption("Nothing stays in float: every parameter can be quantised.")
        return
    st.dataframe(
        skipped_frame(found.skipped),
        hide_index=True,
        alt="Parameters that stay in float, with the reason",
        column_config={
            "reason": st.column_config.TextColumn("Stays in float, because", width=520),
            "kind": "Kind",
            "count": st.column_config.NumberColumn("Parameters", format="localized"),
            "values": st.column_config.NumberColumn("Values", format="localized"),
            "names": st.column_config.TextColumn("Names", width="large"),
        },
    )


_COVERAGE_COLUMNS = {
    "layer": st.column_config.TextColumn("Layer", pinned=True),
    "weight": st.column_config.TextColumn("Weight"),
    "input": st.column_config.TextColumn("Input", width="medium"),
    "with": st.column_config.TextColumn("Decided with"),
    "like": st.column_config.TextColumn("Inputs like"),
    "tied": st.column_config.TextColumn("Same weight as"),
    "exported": st.column_config.TextColumn("Exported as"),
}
