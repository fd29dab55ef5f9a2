"""The table of all layers, and which of them the address names."""

from collections.abc import Mapping, Sequence

import streamlit as st

from analysis.charts.density import density_map
from analysis.charts.rows import LABELLED
from analysis.errors import ComputeError
from analysis.profiles import Inspection
from analysis.quant.spec import QuantSpec
from analysis.sensitivity.points import Sensitivities, Target
from pages.ui import answers, reads
from pages.ui.compact_table import compact_table
from pages.ui.controls import error_card, plot
from pages.ui.layer_filters import chosen_order, listed, ordered
from pages.ui.layer_frames import TALL, TALL_PIXELS, effect_at, profile_frame
from pages.ui.layer_target import TITLES
from pages.ui.text import samples_text

_TABLE = "layer_table"
TENSORS: Mapping[Target, str] = {"weight": "weights are", "activation": "input is"}
UNUSED: Mapping[Target, str] = {"weight": "zeros", "activation": "dead"}
"""The column that says nothing of the tensor."""

MAX_TABLE_WEIGHTS = 4_000_000
"""Up to so many weights every layer is tried at a spec of the user's own."""


def layer_of_address(found: Inspection) -> str:
    """The layer the address names, else the first; one that does not exist gets a card."""
    names = [layer.name for layer in found.layers]
    asked = st.query_params.get("layer")
    if asked in names:
        return str(asked)
    if asked:
        error_card(
            f"{found.workload} has no layer {asked!r:.80}.",
            "Choose one from the table; the first one is shown.",
            title="No such layer",
        )
    return names[0]


def _sqnr(found: Inspection, spec: QuantSpec, source: str, target: Target) -> Mapping[str, float]:
    """SQNR by layer of a spec that was not tried, where computing that is quick."""
    large = sum(layer.parameters for layer in found.layers) > MAX_TABLE_WEIGHTS
    known = answers.known_layer(source, found, "")
    tried = any(effect_at(profile.effects_of(target), spec) for profile in found.profiles)
    if tried or known is None or (large and target == "weight"):
        return {}
    try:
        return answers.table(known, target, spec.label).sqnr_db
    except ComputeError:
        return {}  # the layer beside the table says why


def table(
    found: Inspection,
    spec: QuantSpec,
    result: Sensitivities | None,
    source: str,
    target: Target = "weight",
) -> str:
    """Draw the table and return the layer to show large; the address follows a chosen row."""
    shown = layer_of_address(found)
    profiles = listed(found)
    if len(found.profiles) > LABELLED:
        _density(found, shown, target)
    if not profiles:
        st.caption("No layer passes the filter.")
        return shown
    frame = profile_frame(profiles, spec, result, _sqnr(found, spec, source, target), target)
    frame = ordered(frame.drop(columns=UNUSED[target]), chosen_order())
    names = frame["layer"].tolist()
    _select(names, shown)

    def picked() -> None:
        rows = st.session_state[_TABLE]["selection"]["rows"]
        if rows:
            st.query_params["layer"] = names[rows[0]]

    curves = [float(point) for row in frame["sensitivity"] for point in row]
    st.dataframe(
        compact_table(frame),
        key=_TABLE,
        hide_index=True,
        height="content" if len(names) <= TALL else TALL_PIXELS,
        on_select=picked,
        selection_mode="single-row",
        column_order=None if curves else [str(n) for n in frame if n != "sensitivity"],
        alt="All layers in call order; the chosen row is shown large beside it",
        column_config={
            "layer": st.column_config.TextColumn("Layer", pinned=True),
            "kind": st.column_config.TextColumn("Kind"),
            "weights": st.column_config.BarChartColumn(
                TITLES[target],
                width=72,
                help=f"Histogram of the {TITLES[target].lower()}, from the smallest to the largest",
            ),
            "sqnr": st.column_config.NumberColumn(
                "SQNR",
                width=68,
                format="%.1f dB",
                help=f"Signal to quantisation noise at {spec.label}; "
                "higher is better, 6 dB are one bit",
            ),
            "sensitivity": st.column_config.LineChartColumn(
                "Sensitivity",
                width=72,
                y_min=min(curves, default=0.0),
                y_max=max(curves, default=1.0),
                help=f"log10 of the divergence when only this layer's {TENSORS[target]} quantised, "
                "fewest bits on the left"
                + (f"; on {samples_text(result.setup.samples, 'sweep')}" if result else ""),
            ),
            "low": st.column_config.NumberColumn("Min", format="%.3f"),
            "high": st.column_config.NumberColumn("Max", format="%.3f"),
            "kurtosis": st.column_config.NumberColumn(
                "Kurtosis", format="%.1f", help="Excess kurtosis; 0 for a normal distribution"
            ),
            "outliers": st.column_config.NumberColumn(
                "Outliers", format="percent", help="Share beyond 4 standard deviations"
            ),
            "zeros": st.column_config.NumberColumn(
                "Zeros", format="percent", help="Share of exact zeros, as a ReLU leaves them"
            ),
            "dead": st.column_config.NumberColumn(
                "Dead", help="Output channels whose weights are all equal"
            ),
        },
    )
    return shown


def _select(names: Sequence[str], shown: str) -> None:
    """Mark the row of the layer that is shown.

    A table whose selection the server sets is sent again. A long one is marked by clicks alone,
    and unmarked once another layer is shown.
    """
    marked = st.session_state.get(_TABLE, {"selection": {"rows": []}})["selection"]["rows"]
    wanted = [names.index(shown)] if shown in names else []
    if list(marked) == wanted:
        return
    if len(names) > LABELLED:
        wanted = []
    if wanted or marked:
        st.session_state[_TABLE] = {"selection": {"rows": wanted}}


def _density(found: Inspection, shown: str, target: Target) -> None:
    """All layers at a glance; a click opens one."""
    with st.expander("All layers at a glance", icon=":material/grid_on:", expanded=True):
        figure = reads.drawn(
            ("density", found.fingerprint, target), lambda: density_map(found.profiles, target)
        )

        def picked(layer: object) -> None:
            if layer != shown:
                st.query_params["layer"] = str(layer)
                st.rerun()

        with st.container(height=420, border=False):
            plot(figure, key=f"density_{target}", on_select=picked)
