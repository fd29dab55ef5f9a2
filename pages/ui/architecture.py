"""A workload that was looked at: its figures, its layers, and what stays in float."""

import streamlit as st

from analysis.profiles import Inspection
from pages.ui.layer_frames import architecture_frame, skipped_frame
from pages.ui.places import go, link
from pages.ui.text import bytes_text, count_text, metric_text, metric_title, plain


def show(found: Inspection) -> None:
    """Figures, architecture and coverage of an inspected workload."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.header(plain(found.workload), anchor=False, width="content")
        link("layers", "See its layers", icon=":material/layers:", model=found.fingerprint)
    if found.description:
        st.caption(plain(found.description))
    _figures(found)
    _layers(found)
    _coverage(found)


def _figures(found: Inspection) -> None:
    weights = sum(layer.parameters for layer in found.layers)
    macs = sum(layer.macs for layer in found.layers)
    counts = found.samples
    with st.grid(6, min_column_width=150, gap="small"):
        st.metric(
            "Parameters",
            count_text(found.parameters),
            border=True,
            height="stretch",
            help="All parameters of the model, with batch norms folded where that is possible.",
        )
        st.metric(
            "Layers to quantise",
            f"{len(found.layers)}",
            delta=f"{count_text(weights)} weights",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
        )
        st.metric(
            "MACs",
            count_text(macs),
            delta="for one sample",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
            help="Multiply-accumulates of all layers in one forward of one sample.",
        )
        st.metric(
            "Float weights",
            bytes_text(4 * weights),
            delta=f"{bytes_text(found.other_bytes)} stay float",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
            help="Weights of the layers at 4 bytes each; biases and buffers stay in float.",
        )
        if found.metric is not None:
            st.metric(
                f"{metric_title(found.metric)} in float",
                metric_text(found.metric, found.reference[found.metric]),
                delta=f"{counts.evaluation:,} evaluation samples",
                delta_color="off",
                delta_arrow="off",
                border=True,
                height="stretch",
            )
        st.metric(
            "Calibration · sweep",
            f"{counts.calibration:,} · {counts.sweep:,}",
            delta="disjoint samples",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
            help="Calibration samples set the ranges, sweep samples give the sensitivities; "
            "the evaluation samples are kept for the final score alone.",
        )


def _layers(found: Inspection) -> None:
    st.subheader("Layers", anchor=False)
    frame = architecture_frame(found.layers)
    event = st.dataframe(
        frame,
        key=f"architecture_{found.fingerprint[:12]}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        alt="All layers in call order with shape, size and work; choosing one opens it",
        column_config={
            "layer": st.column_config.TextColumn("Layer", pinned=True),
            "kind": st.column_config.TextColumn("Kind"),
            "shape": st.column_config.TextColumn("Weight shape"),
            "parameters": st.column_config.NumberColumn("Weights", format="localized"),
            "share": st.column_config.ProgressColumn(
                "Share of weights", format="percent", min_value=0.0, max_value=frame["share"].max()
            ),
            "macs": st.column_config.NumberColumn(
                "MACs", format="localized", help="Multiply-accumulates for one sample"
            ),
            "calls": st.column_config.NumberColumn(
                "Calls",
                help="Times the module runs in one forward; 0: its weight is used functionally, "
                "so its input cannot be observed",
            ),
            "input": st.column_config.TextColumn("Input shape"),
            "folded": st.column_config.TextColumn(
                "Folded batch norm", help="The batch norm that was folded into this weight"
            ),
            "tied": st.column_config.TextColumn(
                "Tied with", help="Parameters that share this storage, and so its decision"
            ),
        },
    )
    rows = event["selection"]["rows"]
    if rows:
        go("layers", model=found.fingerprint, layer=found.layers[rows[0]].name)


def _coverage(found: Inspection) -> None:
    covered = sum(layer.parameters for layer in found.layers)
    st.subheader("What stays in float", anchor=False)
    if not found.skipped:
        st.caption("Nothing: every parameter can be quantised.")
        return
    st.caption(
        f"{count_text(covered)} of {count_text(found.parameters)} parameters can be quantised."
    )
    st.dataframe(
        skipped_frame(found.skipped),
        hide_index=True,
        alt="Parameters that stay in float, with the reason",
        column_config={
            "name": st.column_config.TextColumn("Parameter", pinned=True),
            "kind": "Kind",
            "parameters": st.column_config.NumberColumn("Values", format="localized"),
            "reason": st.column_config.TextColumn("Why", width="large"),
        },
    )
