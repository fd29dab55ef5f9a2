"""Pairs of layers whose errors add up most, or cancel, in one recipe."""

import pandas as pd
import streamlit as st

from analysis.allocation.cells import spec_of
from analysis.allocation.pairs import PairTerm, worst_pairs
from analysis.recipe import Recipe
from analysis.sensitivity.interactions import Interactions
from analysis.sensitivity.points import Cell, Sensitivities
from pages.ui import reads
from pages.ui.text import number_text, plain, samples_text


def pairs_of(
    run: str, result: Sensitivities, recipe: Recipe, known: Interactions
) -> tuple[PairTerm, ...]:
    """The worst pairs; empty where the sweep cannot tell them from noise."""
    key = repr((reads.version(run), sorted(recipe.layers.items())))
    return _pairs(key, result, recipe, known)


@st.cache_resource(show_spinner=False, max_entries=64)
def _pairs(
    key: str, _result: Sensitivities, _recipe: Recipe, _known: Interactions
) -> tuple[PairTerm, ...]:
    return worst_pairs(_result, _recipe, _known)


def pairs_table(pairs: tuple[PairTerm, ...], known: Interactions) -> None:
    """One row a pair, the largest joint term first."""
    rows = [
        {
            "Layers": f"{_title(pair.first)} and {_title(pair.second)}",
            "Together they cause": _words(pair),
            "Alone": number_text(pair.alone),
        }
        for pair in pairs
    ]
    st.table(
        pd.DataFrame(rows).set_index("Layers"),
        border="horizontal",
        alt="Pairs of layers with the largest joint terms of divergence",
    )
    st.caption(
        f"Second-order estimate from the output shifts of {samples_text(known.samples, 'sweep')}, "
        f"weighted by how far two halves of them agree ({known.weight:.2f} of 1). Alone: the sum "
        "of both layers' own divergences."
    )


def _title(cell: Cell) -> str:
    letter = "W" if cell.target == "weight" else "A"
    return f"{plain(cell.layer)} {letter}{spec_of(cell.label).bits}"


def _words(pair: PairTerm) -> str:
    side = "more" if pair.joint > 0 else "less"
    return f"{number_text(abs(pair.joint))} {side} than alone"
