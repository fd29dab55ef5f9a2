"""The form that starts a sweep: what is measured, how many cells, and how long it should take."""

from typing import get_args

import streamlit as st

from analysis.quant.spec import ACTIVATION_SPEC, MAX_BITS, MIN_BITS, IntFormat
from analysis.runs.records import Job, SweepOptions
from analysis.sensitivity.plan import expected_seconds, planned_cells
from analysis.sensitivity.points import DEFAULT_BITS, Method, Sensitivities, Targets
from analysis.workloads.equalized import TITLE, equalized, is_equalized, plain_source
from pages.ui import reads
from pages.ui.checks import one_of
from pages.ui.places import go
from pages.ui.quantiser_controls import Quantiser, input_quantiser, weight_quantiser
from pages.ui.sections import fold
from pages.ui.state import DEMO_RUN, Source, choose_run, owner, store, workload_sources
from pages.ui.submit import submit_job
from pages.ui.sweep_machine import memory_fits, workers_control
from pages.ui.text import duration, when

SECTION = "start_sweep"
"""Key of the section that the form is in."""

TARGETS: dict[Targets, str] = {
    "weight": "Weights",
    "activation": "Activations",
    "both": "Both, each alone",
}
METHODS: dict[Method, str] = {
    "exact": "Exact: every cell on every sample",
    "sampled": "Sampled: every cell on drawn samples",
    "sketch": "Sketch: estimated in one pass, not measured",
    "anytime": "Anytime: sketch first, then measured, ever sharper",
}
NO_INPUTS = Quantiser("fixed", ACTIVATION_SPEC, ())
METHOD: Method = "anytime"
"""Shows an estimate within seconds and sharpens it to exact figures."""


def sweep_form(source: str) -> None:
    """Everything a sweep can be told, and the button that starts it.

    Args:
        source: workload that is chosen at first.
    """
    sources = {entry.source: entry for entry in workload_sources()}
    plain = _workload(sources, plain_source(source))
    left, right = st.columns(2)
    with left:
        method = _method()
        target = _target()
        bits = _bits()
        workers = workers_control()
    with right:
        weight = weight_quantiser(disabled=target == "activation")
        activation = input_quantiser() if target != "weight" else NO_INPUTS
        seconds, until_settled = _limits(disabled=method == "sketch")
        proxies = _proxies(disabled=target == "activation")
        chosen = _equalized(plain, before=is_equalized(source))
    options = SweepOptions(
        bits=bits,
        target=target,
        method=method,
        weight_scheme=weight.scheme,
        weight_spec=weight.spec,
        weight_families=weight.families,
        activation_scheme=activation.scheme,
        activation_spec=activation.spec,
        activation_families=activation.families,
        seconds=seconds,
        workers=workers,
        until_settled=until_settled,
        proxies=proxies,
    )
    st.caption(_expectation(chosen, options, weight.ways, activation.ways))
    ready = memory_fits(chosen, options) and bool(bits)
    if st.button("Start sweep", type="primary", icon=":material/play_arrow:", disabled=not ready):
        title = sources[plain].title if plain in sources else plain
        start(chosen, TITLE.format(title) if is_equalized(chosen) else title, options)


def start(source: str, title: str, options: SweepOptions) -> None:
    """Put a sweep into the queue and show it."""
    run = submit_job("sweep", source, options, workload=title)
    fold(SECTION)
    choose_run(run.id)
    go("sensitivity", run=run.id)


def _workload(sources: dict[str, Source], source: str) -> str:
    ids = list(sources)
    if source not in sources:
        ids.insert(0, source)

    def title(identity: str) -> str:
        known = sources.get(identity)
        return f"{known.title} · {known.kind}" if known else identity

    chosen = st.selectbox(
        "Workload", ids, index=ids.index(source), format_func=title, key=f"sweep_source_{source}"
    )
    return one_of("workload", chosen, ids)


def _method() -> Method:
    methods = get_args(Method)
    chosen = st.selectbox(
        "Method",
        methods,
        index=methods.index(METHOD),
        format_func=lambda method: METHODS[method],
        key="sweep_method",
    )
    return one_of("method", chosen, methods)


def _target() -> Targets:
    chosen = st.segmented_control(
        "What is quantised",
        get_args(Targets),
        default="weight",
        format_func=lambda target: TARGETS[target],
        required=True,
        key="sweep_target",
        wrap=True,
        help="Each cell quantises one weight, or the input of one layer; all else stays in float.",
    )
    return one_of("target", chosen, get_args(Targets))


def _bits() -> tuple[int, ...]:
    chosen = st.multiselect(
        "Bit-widths",
        range(MIN_BITS, MAX_BITS + 1),
        default=DEFAULT_BITS,
        key="sweep_bits",
        placeholder="Choose at least one width",
    )
    if not chosen:
        st.caption(":red[Choose at least one width.]")
    for width in chosen:
        IntFormat(width)
    return tuple(sorted(chosen))


def _limits(*, disabled: bool) -> tuple[float | None, bool]:
    """When to end before every cell is measured on every sample."""
    minutes = st.number_input(
        "Time budget (minutes)",
        min_value=0.1,
        value=None,
        placeholder="none",
        disabled=disabled,
        key="sweep_minutes",
        help="No new samples are begun after so long; what is there is kept and used.",
    )
    settled = st.checkbox(
        "End when more samples no longer change the recipe",
        disabled=disabled,
        key="sweep_until_settled",
    )
    return None if minutes is None else 60.0 * minutes, bool(settled)


def _proxies(*, disabled: bool) -> bool:
    chosen = st.checkbox(
        "Compare proxies afterwards",
        disabled=disabled,
        key="sweep_proxies",
        help="Cheaper scores that other tools rank layers by, with their rank correlation with "
        "the measured one. Can be asked for later too.",
    )
    return bool(chosen) and not disabled


def _equalized(source: str, *, before: bool) -> str:
    """The source, with its channels brought to like sizes first where that is asked for."""
    chosen = st.checkbox(
        "Equalise channels first",
        value=before,
        key="sweep_equalize",
        help="For experts. Between layers with nothing but ReLU or pooling in between, and between "
        "a normalisation and its linear layers, channels are brought to like sizes on a copy that "
        "gives the same float outputs. Its recipes do not fit the plain model.",
    )
    return equalized(source) if chosen else source


def _expectation(source: str, options: SweepOptions, weights: int, inputs: int) -> str:
    """Cells and expected time, from earlier sweeps of this workload; else that it is unknown."""
    earlier = _earlier(source)
    if not earlier:
        return (
            "This workload was not swept here before: the number of cells and the time are known "
            "once its model is loaded."
        )
    _, newest = earlier[0]
    widths, method = len(options.bits), options.method
    cells = planned_cells(
        newest.layers,
        weights=widths * weights if options.target != "activation" else 0,
        inputs=widths * inputs if options.target != "weight" else 0,
    )
    text = f"{cells:,} cells on {newest.setup.samples:,} sweep samples"
    for job, result in earlier:
        if (
            _alike(result.setup.method, method)
            and job.started is not None
            and job.ended is not None
        ):
            seconds = expected_seconds(result, cells, took=job.ended - job.started)
            if seconds is not None:
                return (
                    f"{text}, about {duration(seconds)} judged by the sweep of {when(job.ended)}."
                )
    return f"{text}; the time is not known, since no {method} sweep of it has ended here."


def _alike(earlier: Method, method: Method) -> bool:
    """Whether the time of one tells that of the other; anytime ends as exact."""
    return earlier == method or {earlier, method} == {"exact", "anytime"}


def _earlier(source: str) -> list[tuple[Job, Sensitivities]]:
    """The finished sweeps of this workload that this owner may see, newest first."""
    jobs = [*store().jobs(owner=owner(), limit=50), reads.job(DEMO_RUN)]
    ended = [job for job in jobs if (job.kind, job.source, job.state) == ("sweep", source, "done")]
    found = [(job, reads.sensitivities(job.id)) for job in ended]
    return [(job, result) for job, result in found if result is not None]
