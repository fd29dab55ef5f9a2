"""The zoo on the Model page: what each real model is, and the command that prepares it."""

from collections.abc import Mapping

import streamlit as st

from analysis.workloads.zoo.card import FloatFigure, ZooCard
from analysis.workloads.zoo.cards import ZOO
from analysis.workloads.zoo.shelf import ZooRecord, record_of
from pages.ui.sections import section
from pages.ui.text import plain


def zoo_cards() -> None:
    """All models of the zoo. Preparing downloads packages, so the command line alone does it."""
    records = {name: record_of(name) for name in ZOO}
    ready = sum(record is not None for record in records.values())
    title = f"Zoo: {len(ZOO)} real pretrained models, {ready} prepared here"
    with section(title, key="zoo", icon=":material/package_2:") as drawn:
        if drawn:
            _all_cards(records)


def _all_cards(records: Mapping[str, ZooRecord | None]) -> None:
    st.caption(
        "Each comes with real data and a metric. The person who runs this server prepares one "
        "with its command; then it has a card above."
    )
    with st.grid(3, min_column_width=300, gap="small"):
        for name, card in ZOO.items():
            record = records[name]
            with st.container(border=True, height="stretch", gap="xsmall"):
                _card(card, record.measured if record else None)


def _card(card: ZooCard, measured: FloatFigure | None) -> None:
    st.markdown(f"**{plain(card.title)}**")
    st.caption(plain(card.description))
    facts = {
        "Area": card.area,
        "Size": f"{card.parameters:,} parameters, {card.layers} layers to quantise",
        "Download": f"{card.megabytes} MB",
        "Licence": card.licence,
        "Float": _figure(measured or card.expected, "measured here" if measured else "expected"),
        "What that means": card.means,
    }
    st.caption("  \n".join(f"**{name}:** {plain(value)}" for name, value in facts.items()))
    if measured is None:
        st.code(card.command, language=None, wrap_lines=True)
    else:
        st.badge("Prepared", icon=":material/check:", color="green")


def _figure(found: FloatFigure, how: str) -> str:
    return f"{found.metric} {found.value:.4g} on {found.samples:,} samples, {how}"
