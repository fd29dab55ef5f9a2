"""Recipes of one model that this session may see, and a way to open them."""

import pandas as pd
import streamlit as st

from analysis.cost import recipe_cost
from analysis.runs.jobs import SHARED
from analysis.runs.records import RecipeRecord
from analysis.sensitivity.points import Sensitivities
from pages.ui.cards import table_height
from pages.ui.desk import Desk, put_away
from pages.ui.places import go
from pages.ui.state import owner, store

ORIGINS = {
    "recommended": "recommended",
    "edited": "saved by hand",
    "imported": "imported",
    "baseline": "baseline",
}


def visible_recipes(fingerprint: str, run: str | None = None) -> tuple[RecipeRecord, ...]:
    """Recipes of a model: this owner's, the shared ones, and those of the run on screen."""
    mine = (owner(), SHARED)
    return tuple(
        record
        for record in store().recipes(fingerprint=fingerprint)
        if record.owner in mine or (run is not None and record.run == run)
    )


def saved_recipes(desk: Desk, result: Sensitivities) -> None:
    """A table of the recipes; choosing a row opens it."""
    records = visible_recipes(result.setup.fingerprint, desk.run)
    if not records:
        st.caption("No recipe of this model is saved yet.")
        return
    rows = [
        {
            "name": record.recipe.name,
            "bytes": recipe_cost(
                result.layers, record.recipe, other_bytes=result.setup.other_bytes
            ).weight_bytes,
            "predicted": record.predicted.get("divergence"),
            "origin": ORIGINS.get(record.origin, record.origin),
            "created": pd.Timestamp(record.created, unit="s"),
        }
        for record in records
    ]
    event = st.dataframe(
        pd.DataFrame(rows),
        key=f"saved_recipes_{desk.recipe_id}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height=table_height(len(rows)),
        column_config={
            "name": st.column_config.TextColumn("Recipe", pinned=True),
            "bytes": st.column_config.NumberColumn("Bytes", format="localized"),
            "predicted": st.column_config.NumberColumn("Predicted divergence", format="%.3g"),
            "origin": st.column_config.TextColumn("Origin"),
            "created": st.column_config.DatetimeColumn("Saved", format="D MMM YYYY, HH:mm"),
        },
        alt="Saved recipes of this model; choosing a row opens the recipe",
    )
    chosen = event["selection"]["rows"]
    if chosen and records[chosen[0]].id != desk.recipe_id:
        record = records[chosen[0]]
        put_away()
        go("recipe", run=record.run or desk.run, recipe=record.id)
