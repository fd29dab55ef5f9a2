"""The recipe as a table: bits of every layer, editable, with locks. See `draft` for the rules."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from analysis.allocation.predict import share_of_loss
from analysis.cost import weight_bytes
from analysis.errors import AnalysisError
from analysis.hardware.masks import masked_options
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities, Target
from pages.ui import draft as drafts
from pages.ui.cards import table_height
from pages.ui.desk import Desk, keep, tell_problem
from pages.ui.draft import LOCK, Draft
from pages.ui.hardware import current_profile
from pages.ui.text import samples_text

WIDE = 6
"""Letters of an option that need a wider column."""

_BITS: dict[Target, str] = {"weight": "Weight", "activation": "Input"}


Names = Mapping[Target, Mapping[str, str]]
"""For each swept target the option that stands for each label."""


def recipe_table(desk: Desk, result: Sensitivities, recipe: Recipe) -> None:
    """One row a layer; an edited layer is locked, and the solver leaves locked layers alone."""
    swept: Names = {
        target: drafts.names_of(result, target) for target in _BITS if result.of(target)
    }
    frame = _frame(desk.draft, result, recipe, swept)
    st.data_editor(
        frame,
        key=_key(desk.draft),
        num_rows="fixed",
        hide_index=False,
        height=table_height(len(frame)),
        disabled=["share", "bytes", "weights"],
        column_config=_columns(result, swept, frame),
        alt="The bits of every layer, editable, with locks, sizes and shares of the predicted loss",
    )
    st.caption(
        "Choose bits by double-click or Enter. An edited layer is locked, so that it stays when "
        "the limit moves. Shares are predicted from single-layer figures on "
        f"{samples_text(result.setup.samples, 'sweep')}."
    )


def take_edits(desk: Desk, result: Sensitivities) -> Desk:
    """The desk with what was edited in the table since; call it before anything is drawn.

    An edit that was never offered is discarded, and told by `take_problem`.
    """
    draft = desk.draft
    table = st.session_state.get(_key(draft))
    try:
        # A page that was left and is opened again has lost the table's edits, not the draft's.
        edited = (
            drafts.rebased(draft)
            if table is None
            else drafts.edited(draft, result, table["edited_rows"])
        )
    except AnalysisError as error:
        tell_problem(error)
        edited = drafts.discarded(draft)
    made = replace(desk, draft=edited)
    keep(made)
    return made


def _key(draft: Draft) -> str:
    return f"recipe_table_{draft.edition}"


def _frame(draft: Draft, result: Sensitivities, recipe: Recipe, swept: Names) -> pd.DataFrame:
    """Bits and locks as the table was opened with; bytes and shares as they are now."""
    shares = dict(share_of_loss(result, recipe))
    locked = draft.base.locked | drafts.changed(draft.base, draft.now.layers)
    rows: list[dict[str, object]] = []
    for layer in result.layers:
        shown = draft.base.layers.get(layer.name, LayerConfig())
        now = draft.now.layers.get(layer.name, LayerConfig())
        specs: dict[Target, QuantSpec | None] = {
            "weight": shown.weight,
            "activation": shown.activation,
        }
        rows.append(
            {
                **{one: drafts.option_of(swept[one], specs[one]) for one in swept},
                LOCK: layer.name in locked,
                "share": shares[layer.name],
                "bytes": weight_bytes(layer, now.weight),
                "weights": layer.parameters,
            }
        )
    return pd.DataFrame(rows, index=pd.Index([layer.name for layer in result.layers]))


def _offered(
    result: Sensitivities, target: Target, names: Mapping[str, str], shown: pd.Series
) -> list[str]:
    """Options to choose from: what the hardware can run somewhere, and what is in the table."""
    known, profile = [drafts.FLOAT, *dict.fromkeys(names.values())], current_profile()
    if profile is None:
        return known
    cells = masked_options(profile, result.layers, result.setup.cells)
    kept = {names[cell.label] for cell in cells if cell.target == target and cell.label in names}
    kept |= {drafts.FLOAT, *shown}
    return [option for option in known if option in kept]


def _columns(result: Sensitivities, swept: Names, frame: pd.DataFrame) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "_index": st.column_config.TextColumn("Layer", pinned=True, disabled=True)
    }
    for target, names in swept.items():
        shown = frame[target]
        columns[target] = st.column_config.SelectboxColumn(
            _BITS[target],
            options=_offered(result, target, names, shown),
            required=True,
            width=88 if max(map(len, shown)) < WIDE else 150,
            help=f"Bits of the layer's {target}s.",
        )
    columns[LOCK] = st.column_config.CheckboxColumn(
        "Lock", width=70, help="The solver leaves a locked layer as it is."
    )
    columns["share"] = st.column_config.ProgressColumn(
        "Share of loss",
        width=130,
        format="percent",
        min_value=0.0,
        max_value=1.0,
        help="Share of the predicted divergence that this layer causes.",
    )
    columns["bytes"] = st.column_config.NumberColumn(
        "Bytes", format="localized", help="Scales and zero-points included."
    )
    columns["weights"] = st.column_config.NumberColumn("Weights", format="localized")
    return columns
