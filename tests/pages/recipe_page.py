"""What tests of the Recipe page do to it and read off it."""

from collections.abc import Mapping

import pandas as pd
from streamlit.testing.v1 import AppTest

from analysis.recipe import LayerConfig, Recipe
from analysis.runs.store import RunStore
from tests.stored import Filled


def table(app: AppTest) -> pd.DataFrame:
    """The input of the table with the bits."""
    return next(found.value for found in app.dataframe if "lock" in found.value.columns)


def edit(app: AppTest, row: int, **columns: object) -> AppTest:
    """Change cells of one row of the table that is on screen, as the browser does."""
    edition = app.session_state["recipe_desk"].draft.edition
    state = {"edited_rows": {row: columns}, "added_rows": [], "deleted_rows": []}
    app.session_state[f"recipe_table_{edition}"] = state
    return app.run()


def layers(app: AppTest) -> Mapping[str, LayerConfig]:
    """What the recipe on screen gives each layer."""
    chosen: Mapping[str, LayerConfig] = app.session_state["recipe_desk"].draft.now.layers
    return chosen


def weight_bits(app: AppTest, layer: str) -> int | None:
    """Width of one layer's weight in the recipe on screen; None for float."""
    spec = layers(app)[layer].weight
    return None if spec is None else spec.bits


def stored_recipe(filled: Filled) -> Recipe:
    """The recommended recipe of the filled store."""
    return RunStore().recipe(filled.recipe).recipe
