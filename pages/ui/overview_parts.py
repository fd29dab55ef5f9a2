"""The words and figures of the Overview: header, key figures, sentences, next steps."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.allocation.uniform import called_uniform
from analysis.runs.bundle import command_line
from analysis.runs.records import Job, RecipeRecord, ScoreRecord
from analysis.scores import Score
from analysis.sensitivity.points import Sensitivities
from pages.ui.controls import empty_state, page_header
from pages.ui.places import link
from pages.ui.recipe_files import file_name
from pages.ui.risk import AT_RISK, Risk
from pages.ui.score_files import report
from pages.ui.state import DEMO_RUN, run_workload
from pages.ui.text import (
    bytes_text,
    count_text,
    drop_text,
    interval_text,
    metric_text,
    metric_title,
    number_text,
    percent,
    plain,
    samples_text,
    signed_percent,
    spread_text,
)


def header(job: Job, result: Sensitivities | None) -> DeltaGenerator:
    """Workload, what it scores in float, and for the demo how to bring one's own.

    Returns:
        the place for what can be done with the whole page.
    """
    place = page_header(run_workload(job), run=job.id, note=_about(job, result))
    with place:
        _share(job)
    if job.id == DEMO_RUN:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"This is a demo, computed by `{command_line(job)}`.", width="content")
            link("model", "Load your model", icon=":material/arrow_forward:")
    return place


def _share(job: Job) -> None:
    """The address that shows this run to anybody who can reach the server."""
    box = st.popover("Share", icon=":material/link:", on_change="rerun", key="share")
    if box.open:
        with box:
            st.caption("Whoever has this link can read this run; only you can change it.")
            home = str(st.context.url).rstrip("/")
            st.code(f"{home}/?run={job.id}", language=None, wrap_lines=True)


def _about(job: Job, result: Sensitivities | None) -> str:
    if result is None:
        return plain(job.source)
    setup = result.setup
    weights = sum(layer.parameters for layer in setup.layers)
    parts = [f"{count_text(weights)} weights in {len(setup.layers)} layers"]
    if setup.metric is not None:
        float_metric = metric_text(setup.metric, setup.reference[setup.metric])
        parts.append(
            f"{metric_title(setup.metric)} {float_metric} in float "
            f"on {samples_text(setup.samples, 'sweep')}"
        )
    return " · ".join(parts)


def nothing_yet(job: Job) -> None:
    """A run without figures: it has just begun, or it ended too early."""
    if job.live:
        empty_state(
            "The sweep has just started",
            "The first figures appear here as soon as they are measured.",
            "sensitivity",
            "Watch it",
            run=job.id,
        )
    else:
        empty_state(
            "This run has no figures",
            plain(job.error or "It ended before its first measurement."),
            "runs",
            "Open the list of runs",
        )


def partial(job: Job, result: Sensitivities) -> None:
    """A run that is not finished: how much of it is here, and where it goes on."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"**{len(result.points):,} of {len(result.setup.cells):,}** cells are measured. The "
            "recipe, its size and its score follow when the sweep is finished.",
            width="content",
        )
        label = "Watch it" if job.live else "Open the sweep"
        link("sensitivity", label, icon=":material/arrow_forward:", run=job.id)


def compared(
    choice: RecipeRecord | None, scores: tuple[ScoreRecord, ...]
) -> tuple[ScoreRecord | None, ScoreRecord | None]:
    """The newest score of the recommended recipe, and that of the uniform one nearest in bytes.

    None where there is no such score yet.
    """
    own = [record for record in scores if choice and record.recipe_id == choice.id]
    if not own:
        return None, None
    wanted = own[0].score.cost.weight_bytes
    uniforms = [record for record in scores if called_uniform(record.score.recipe.name)]
    near = min(uniforms, key=lambda r: abs(r.score.cost.weight_bytes - wanted), default=None)
    return own[0], near


def report_button(
    result: Sensitivities, record: ScoreRecord, scores: tuple[ScoreRecord, ...]
) -> None:
    """The recommended recipe as one self-contained page, to mail and to print."""
    st.download_button(
        "Report",
        lambda: report(result, record, scores),
        file_name=file_name(f"{result.setup.workload}-report").replace(".json", ".html"),
        mime="text/html",
        icon=":material/description:",
        on_click="ignore",
        key="report",
    )


def figures(
    result: Sensitivities,
    record: ScoreRecord | None,
    risk: Risk,
) -> None:
    """Four figures of the recommended recipe, measured on held-out data."""
    if record is None:
        st.caption("The recommended recipe of this run has not been scored.")
        return
    score = record.score
    cost = score.cost
    with st.grid(4, min_column_width=150, gap="small"):
        st.metric(
            "Size",
            bytes_text(cost.weight_bytes),
            delta=signed_percent(cost.weight_bytes / cost.float_bytes - 1),
            delta_color="green",
            delta_arrow="down",
            delta_description=f"of {bytes_text(cost.float_bytes)}",
            border=True,
            height="stretch",
            help="Stored weights of all layers, scales and zero-points included, against float32. "
            f"Another {bytes_text(cost.other_bytes)} (biases, norms) stay in float.",
        )
        _quality(score)
        st.metric(
            "Effective bits",
            f"{cost.effective_bits:.2f}",
            delta="a weight, of 32",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
            help="Stored bits for each weight, scales and zero-points included.",
        )
        st.metric(
            "Layers at risk",
            f"{len(risk.layers)}",
            delta=f"of {len(result.layers)}",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
            help=f"Layers that alone cause more than {percent(AT_RISK, 0)} of the predicted loss "
            f"when every layer has {risk.bits}-bit {risk.target}s. "
            f"Predicted from {samples_text(result.setup.samples, 'sweep')}.",
        )
    st.caption(
        f"Recommended recipe **{plain(score.recipe.name)}**, applied and measured on "
        f"{samples_text(score.samples, 'held-out evaluation')}; ± is half a 95 % interval "
        "(bootstrap over samples)."
    )


def _quality(score: Score) -> None:
    if score.metric is None:
        st.metric(
            "Divergence",
            number_text(score.divergence),
            delta=f"95 % {number_text(score.low)} to {number_text(score.high)}",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
            help="Mean divergence of the quantised from the float output; there are no labels.",
        )
        return
    name, drop = score.metric, score.drop[score.metric]
    st.metric(
        metric_title(name),
        metric_text(name, score.actual[name].value),
        delta=drop_text(name, drop.value),
        delta_color="off" if drop.low <= 0 <= drop.high else "red" if drop.value > 0 else "green",
        delta_arrow="off",
        delta_description=spread_text(drop.low, drop.high, name),
        border=True,
        height="stretch",
        help=f"Against {metric_text(name, score.reference[name])} in float, on the same "
        f"{samples_text(score.samples, 'held-out evaluation')}; "
        f"{interval_text(drop.low, drop.high, name)}. Grey when the interval holds 0.",
    )
