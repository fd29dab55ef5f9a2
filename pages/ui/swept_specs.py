"""What a sweep chose for one layer at each width, beside the table of the Layers page."""

import pandas as pd
import streamlit as st

from analysis.sensitivity.points import Sensitivities, Target
from pages.ui.cards import table_height

_KEY = "swept_specs"
TENSORS: dict[Target, str] = {"weight": "weights", "activation": "inputs"}


def show(result: Sensitivities | None, layer: str, target: Target) -> None:
    """The best swept spec of each width with its divergence; choosing one shows it."""
    points = () if result is None else result.leading(target)
    mine = sorted((p for p in points if p.layer == layer), key=lambda point: point.bits)
    if not mine:
        return
    labels = [point.label for point in mine]
    shown = st.query_params.get("spec")
    rows = [labels.index(shown)] if shown in labels else []
    st.session_state[_KEY] = {"selection": {"rows": rows}}

    def picked() -> None:
        chosen = st.session_state[_KEY]["selection"]["rows"]
        if chosen:
            st.query_params["spec"] = labels[chosen[0]]

    st.caption(f"Swept specs of these {TENSORS[target]}, the best of each width. Choose to look.")
    st.dataframe(
        pd.DataFrame({"divergence": [point.divergence for point in mine], "spec": labels}),
        key=_KEY,
        hide_index=True,
        height=table_height(len(mine)),
        on_select=picked,
        selection_mode="single-row",
        alt=f"The best specs swept on the {TENSORS[target]} of {layer}, with their divergence",
        column_config={
            "divergence": st.column_config.NumberColumn(
                "Divergence",
                width=90,
                format="%.2e",
                help="With only this tensor quantised so, on the sweep samples.",
            ),
            "spec": st.column_config.TextColumn("Spec", width="large"),
        },
    )
