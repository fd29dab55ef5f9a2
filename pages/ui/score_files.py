"""What can be taken away from a score: recipe, figures, report."""

import time

import streamlit as st

from analysis import serial
from analysis.report import report_html
from analysis.runs.records import ScoreRecord
from analysis.sensitivity.points import Sensitivities
from pages.ui import reads
from pages.ui.recipe_files import file_name
from pages.ui.score_compare import newest_scores, unique
from pages.ui.score_desk import ScoreDesk
from pages.ui.text import when


def downloads(desk: ScoreDesk, record: ScoreRecord, scored: tuple[ScoreRecord, ...]) -> None:
    """Recipe and score as JSON, and the report as one self-contained page."""
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
        result = desk.result
        if result is not None:
            st.download_button(
                "Report (HTML)",
                lambda: report(result, record, scored),
                file_name=file_name(f"{name}-report").replace(".json", ".html"),
                mime="text/html",
                icon=":material/description:",
                on_click="ignore",
            )


def report(result: Sensitivities, record: ScoreRecord, scored: tuple[ScoreRecord, ...]) -> str:
    """The report on one recipe, with every scored recipe of its run beside it."""
    newest = newest_scores((record, *scored)).values()
    named = unique([one.score.recipe.name for one in newest])
    return report_html(
        result,
        reads.inspection(result.setup.fingerprint),
        record.score.recipe,
        list(zip(named, (one.score for one in newest), strict=True)),
        made=when(time.time()),
    )
