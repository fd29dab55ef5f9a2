"""What can be taken away from a score: recipe and figures."""

import streamlit as st

from analysis import serial
from analysis.runs.records import ScoreRecord
from pages.ui.recipe_files import file_name


def downloads(record: ScoreRecord) -> None:
    """Recipe and score as JSON."""
    name = record.score.recipe.name
    with st.container(horizontal=True):
        st.download_button(
            "Recipe (JSON)",
            lambda: serial.dumps(record.score.recipe),
            file_name=file_name(name),
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "Score (JSON)",
            lambda: serial.dumps(record.score),
            file_name=file_name(f"{name}-score"),
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )
