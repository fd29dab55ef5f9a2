"""Which proxy agrees: rank correlations with the measured cells, as a chart and as a table."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from plotly.graph_objects import Figure

from analysis.charts.agreement import OURS, proxy_agreement
from analysis.runs.records import Job
from analysis.sensitivity.points import Sensitivities
from analysis.sensitivity.proxies.agreement import (
    INFLATED,
    ProxyAgreement,
    few_layers,
    measured_weights,
)
from analysis.sensitivity.proxies.catalogue import PROXIES
from analysis.sensitivity.proxies.values import ProxyResult
from pages.ui import reads
from pages.ui.controls import plot
from pages.ui.evidence import evidence_text
from pages.ui.proxy_jobs import WHAT_IT_DOES, missing_proxies
from pages.ui.sections import section
from pages.ui.text import duration, fixed_text, plain, samples_text

SYMBOLS = (
    "W is a weight, dW what quantising changes in it, z the output of its module, dz the change of "
    "z, g a gradient of the loss on the labels. Costs in forwards of the sweep set (F), B widths."
)


def proxy_section(sweep: Job, result: Sensitivities) -> None:
    """The proxies of a sweep's weights, or the button that computes them.

    Nothing for a sweep without weights.
    """
    if not result.of("weight"):
        return
    st.subheader("Which proxy agrees", anchor=False)
    if not measured_weights(result):
        st.caption(
            "This sweep only estimated its cells. Sweep with the sampled, exact or anytime method "
            "to have something to compare proxies with."
        )
        return
    ranked = reads.proxies(sweep.id, result)
    if ranked:
        _comparison(sweep, result, ranked)
    else:
        st.markdown(WHAT_IT_DOES)
    if len(ranked) < len(PROXIES):
        missing_proxies(sweep, some=bool(ranked))


def _comparison(sweep: Job, result: Sensitivities, ranked: Sequence[ProxyAgreement]) -> None:
    st.markdown(agreement_sentence(ranked))
    for note in proxy_notes([row.proxy for row in ranked]):
        st.caption(note)

    def build() -> Figure:
        return proxy_agreement(ranked)

    shown = tuple((row.proxy.name, row.median) for row in ranked)
    plot(reads.drawn(("proxies", *reads.version(sweep.id), shown), build), key="proxy_agreement")
    points = measured_weights(result)
    st.caption(
        f"Compared with {len(points):,} measured weight cells. "
        f"{evidence_text(points, len(points))} {few_layers(ranked[0].layers)} "
        f"The last column of the table is {INFLATED}."
    )
    _table(ranked)
    with section("What each score is", key="score_terms", icon=":material/function:") as drawn:
        if drawn:
            st.caption(SYMBOLS)
            for row in ranked:
                st.markdown(_described(row.proxy))


def agreement_sentence(ranked: Sequence[ProxyAgreement]) -> str:
    """Which ranks best within a bit-width, where the sketch stands, and which ranks worst."""
    known = [row for row in ranked if row.median is not None]
    others = [row for row in known if row.proxy.name != OURS]
    ours = next((row for row in known if row.proxy.name == OURS), None)
    if not others:
        return "Too few layers are measured to rank them."
    best, worst = others[0], others[-1]
    first = ours or best
    words = (
        f"Within a bit-width the {_titled(first)}{', our own estimate,' if ours else ''} and the "
        f"measured order of the {first.layers} layers have a rank correlation of {_median(first)} "
        "(median over the bit-widths; 1 is the same order)."
    )
    if ours is not None:
        words += f" Of the usual proxies {_titled(best)} comes closest with {_median(best)}."
    if len(others) > 1:
        words += f" {_titled(worst)} is farthest with {_median(worst)}."
    return words


def proxy_notes(found: Sequence[ProxyResult]) -> list[str]:
    """What is to be known of some proxies, each sentence once with the proxies it is about."""
    about: dict[str, list[str]] = {}
    for proxy in found:
        if proxy.note:
            about.setdefault(proxy.note, []).append(PROXIES[proxy.name].title)
    return [plain(f"{', '.join(titles)}: {note}") for note, titles in about.items()]


def _table(ranked: Sequence[ProxyAgreement]) -> None:
    widths = sorted({one.bits for row in ranked for one in row.within if one.bits is not None})
    st.dataframe(
        pd.DataFrame([_row(row, widths) for row in ranked]).set_index("Proxy"),
        key="proxy_table",
        height="content",
        column_config={
            "Median": st.column_config.TextColumn("Median", help="Of the bit-widths."),
            "Layers": st.column_config.TextColumn("Layers", help="Ranked within a bit-width."),
            "Took": st.column_config.TextColumn(
                "Took", help="CPU time of the pass that gave it; two proxies of one pass share it."
            ),
        },
        alt="Rank correlation of each proxy with the measured divergence, by bit-width",
    )


def _row(row: ProxyAgreement, widths: Sequence[int]) -> dict[str, str]:
    by_width = {one.bits: one.spearman for one in row.within}
    return {
        "Proxy": PROXIES[row.proxy.name].title,
        "Median": _figure(row.median),
        **{f"{width} bits": _figure(by_width.get(width)) for width in widths},
        "Layers": str(row.layers or "–"),
        "Took": duration(row.proxy.seconds) if row.proxy.values else "–",
        "All cells": _figure(row.overall.spearman if row.overall else None),
    }


def _described(found: ProxyResult) -> str:
    proxy = PROXIES[found.name]
    looked = samples_text(found.samples, "sweep") if found.samples else "the weights alone"
    rises = "more" if proxy.direction == "higher" else "less"
    return (
        f"**{plain(proxy.title)}**: {plain(proxy.formula)}. Higher is {rises} sensitive. "
        f":gray[From {looked}; cost: {plain(proxy.cost)}; source: {plain(proxy.source)}.]"
    )


def _titled(row: ProxyAgreement) -> str:
    return f"**{plain(PROXIES[row.proxy.name].title)}**"


def _median(row: ProxyAgreement) -> str:
    return _figure(row.median)


def _figure(value: float | None) -> str:
    return "–" if value is None else fixed_text(value, 2)
