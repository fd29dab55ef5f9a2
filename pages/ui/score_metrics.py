"""All task metrics of a score in one table, or the sentence that there are none."""

from math import isfinite

import pandas as pd
import streamlit as st

from analysis.scores import Interval, Score
from pages.ui.text import drop_text, interval_text, metric_text, metric_title, samples_text

NO_METRIC = (
    "These data have no labels, or the workload names no task metric: what is measured is the "
    "divergence from the float model alone. It tells how much the answers change, not whether they "
    "get worse."
)


def all_metrics(score: Score) -> None:
    """Every metric with its interval and its loss; a sentence where there is none."""
    if score.metric is None and not score.actual:
        st.info(NO_METRIC, icon=":material/label_off:")
        return
    if len(score.actual) < 2:
        return
    rows = {metric_title(name): _row(score, name) for name in score.actual}
    st.table(
        pd.DataFrame.from_dict(rows, orient="index"),
        border="horizontal",
        alt="All task metrics in float and quantised, with their losses",
    )
    st.caption(
        f"All on {samples_text(score.samples, 'held-out evaluation')}, the same for float; "
        "intervals hold 95 % (bootstrap over samples), those of the change paired."
    )


def _row(score: Score, name: str) -> dict[str, str]:
    drop = score.drop[name]
    direction = score.directions.get(name, score.direction)
    return {
        "Better": direction,
        "Float": metric_text(name, score.reference[name]),
        "This recipe": f"{metric_text(name, score.actual[name].value)}"
        f"{_between(name, score.actual[name])}",
        "Change": f"{drop_text(name, drop.value)}{_change(name, drop)}",
    }


def _between(name: str, figure: Interval) -> str:
    """The interval in brackets, in the unit of the metric; nothing where there is none."""
    if not (isfinite(figure.low) and isfinite(figure.high)):
        return " (no interval)"
    low, high = metric_text(name, figure.low), metric_text(name, figure.high)
    unit = "\N{NO-BREAK SPACE}%"
    return f" ({low.removesuffix(unit)} to {high})"


def _change(name: str, drop: Interval) -> str:
    if not (isfinite(drop.low) and isfinite(drop.high)):
        return ""
    return f" ({interval_text(drop.low, drop.high, name).split('interval ')[1]})"
