"""The answer on one screen: what the recommended recipe costs, where it hurts, what it buys."""

import streamlit as st

from pages.ui import overview_answer as answer
from pages.ui import overview_charts as charts
from pages.ui import overview_parts as parts
from pages.ui import reads
from pages.ui.risk import layers_at_risk
from pages.ui.state import current_run

run = current_run()
job = reads.job(run)
result = reads.sensitivities(run)
place = parts.header(job, result)

if result is None or not result.points:
    parts.nothing_yet(job)
elif job.state != "done":
    parts.partial(job, result)
    charts.where_it_hurts(job, result)
else:
    choice = reads.recommended(run)
    scores = reads.scores(result.setup.fingerprint, run=run)
    mixed, uniform = parts.compared(choice, scores)
    risk = layers_at_risk(result)
    if mixed is not None:
        with place:
            parts.report_button(result, mixed, scores)
    parts.figures(result, mixed, risk)
    left, right = st.columns([6, 5], gap="small")
    with left:
        charts.where_it_hurts(job, result, answer.risk_sentence(risk))
    with right:
        measured = tuple(record.score for record in (mixed, uniform) if record is not None)
        charts.what_it_buys(job, result, measured, answer.verdict_sentence(measured))
    answer.next_steps(job, choice)
