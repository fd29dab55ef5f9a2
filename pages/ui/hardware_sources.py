"""What a profile takes for the layers at hand, and where its rules and figures come from."""

from collections.abc import Iterable

import streamlit as st

from analysis.hardware.profile import HardwareProfile
from analysis.hardware.tables import CostTable
from analysis.layers import Layer
from pages.ui.text import plain


def takes(profile: HardwareProfile, layers: Iterable[Layer]) -> str:
    """The specs its kernels take, kinds of layer that take the same together, as Markdown."""
    kinds: dict[str, list[str]] = {}
    for layer in layers:
        named = kinds.setdefault(profile.words(layer), [])
        if layer.kind not in named:
            named.append(layer.kind)
    return "; ".join(f"**{', '.join(named)}**: {plain(words)}" for words, named in kinds.items())


def hardware_sources(profile: HardwareProfile) -> None:
    """Sources, references and assumptions behind a click."""
    box = st.popover("Where this comes from", icon=":material/menu_book:", on_change="rerun")
    if not box.open:
        return
    with box:
        st.markdown(f"**Rules**, read on {profile.date}. {plain(profile.source)}")
        st.caption(_listed(profile.references))
        for name, table in (("Time", profile.latency), ("Energy", profile.energy)):
            if table is not None:
                _table(name, table)


def _table(name: str, table: CostTable) -> None:
    st.markdown(f"**{name}** ({plain(table.basis)}). {plain(table.source)}")
    if table.references:
        st.caption(_listed(table.references))
    if table.assumed:
        st.markdown(f"*Assumed, not published:* {plain(table.assumed)}.")


def _listed(references: Iterable[str]) -> str:
    return "\n".join(f"- {plain(reference)}" for reference in references)
