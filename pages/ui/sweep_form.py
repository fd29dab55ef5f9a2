"""The form that starts a sweep: what is measured, how many cells, and how long it should take."""

from typing import get_args

import streamlit as st

from analysis.quant.spec import (
    ACTIVATION_SPEC,
    MAX_BITS,
    MIN_BITS,
    WEIGHT_SPEC,
    Granularity,
    IntFormat,
    PerChannel,
    PerGroup,
    PerTensor,
    QuantSpec,
    RangeMethod,
)
from analysis.runs.records import Job, SweepOptions
from analysis.sensitivity.plan import expected_seconds, planned_cells
from analysis.sensitivity.points import DEFAULT_BITS, Method, Sensitivities, Targets
from pages.ui import reads
from pages.ui.checks import one_of
from pages.ui.places import go
from pages.ui.state import DEMO_RUN, Source, choose_run, owner, store, workload_sources
from pages.ui.submit import submit_job
from pages.ui.text import duration, when

TARGETS: dict[Targets, str] = {
    "weight": "Weights",
    "activation": "Activations",
    "both": "Both, each alone",
}
RANGES: dict[RangeMethod, str] = {
    "minmax": "Min-max: nothing is clipped",
    "percentile": "Percentile: the outermost values are clipped",
    "mse": "MSE: clipped where the squared error is least",
}
METHODS: dict[Method, str] = {
    "exact": "Exact: every cell on every sample",
    "sampled": "Sampled: every cell on drawn samples",
    "sketch": "Sketch: estimated in one pass, not measured",
    "anytime": "Anytime: sketch first, then measured, ever sharper",
}
METHOD: Method = "anytime"
"""Shows an estimate within seconds and sharpens it to exact figures."""

_SCHEMES = {False: "Asymmetric", True: "Symmetric"}
_GRANULARITIES = ("per-channel", "per-tensor", "per-group")


def sweep_form(source: str) -> None:
    """Everything a sweep can be told, and the button that starts it.

    Args:
        source: workload that is chosen at first.
    """
    sources = {entry.source: entry for entry in workload_sources()}
    chosen = _workload(sources, source)
    left, right = st.columns(2)
    with left:
        method = _method()
        target = _target()
        bits = _bits()
    with right:
        weight = _weight_spec(disabled=target == "activation")
        activation = _activation_spec(disabled=target == "weight")
        seconds, until_settled = _limits(disabled=method == "sketch")
    st.caption(_expectation(chosen, len(bits), target, method))
    ready = bool(bits)
    if st.button("Start sweep", type="primary", icon=":material/play_arrow:", disabled=not ready):
        options = SweepOptions(
            bits=bits,
            target=target,
            method=method,
            weight_spec=weight,
            activation_spec=activation,
            seconds=seconds,
            until_settled=until_settled,
        )
        start(chosen, sources[chosen].title if chosen in sources else chosen, options)


def start(source: str, title: str, options: SweepOptions) -> None:
    """Put a sweep into the queue and show it."""
    run = submit_job("sweep", source, options, workload=title)
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


def _weight_spec(*, disabled: bool) -> QuantSpec:
    first, second = st.columns(2)
    with first:
        granularity = st.selectbox(
            "Weights: one scale",
            _GRANULARITIES,
            format_func=lambda name: name.replace("-", " "),
            disabled=disabled,
            key="sweep_granularity",
        )
        size = 0
        if granularity == "per-group":
            size = st.number_input(
                "Weights a group", 2, 65536, 32, disabled=disabled, key="sweep_group_size"
            )
    with second:
        symmetric = _symmetric("Weights: zero-point", disabled=disabled)
    method = _range("Weights: range", WEIGHT_SPEC.range_method, disabled=disabled)
    form = IntFormat(WEIGHT_SPEC.bits, symmetric)
    return QuantSpec(form, _granularity(granularity, size), method)


def _activation_spec(*, disabled: bool) -> QuantSpec:
    if disabled:
        return ACTIVATION_SPEC
    symmetric = _symmetric("Activations: zero-point", disabled=False)
    method = _range("Activations: range", ACTIVATION_SPEC.range_method, disabled=False)
    return QuantSpec(IntFormat(ACTIVATION_SPEC.bits, symmetric), PerTensor(), method)


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


def _symmetric(label: str, *, disabled: bool) -> bool:
    return bool(
        st.selectbox(
            label,
            list(_SCHEMES),
            format_func=lambda flag: _SCHEMES[flag],
            disabled=disabled,
            key=f"sweep {label}",
        )
    )


def _range(label: str, first: RangeMethod, *, disabled: bool) -> RangeMethod:
    methods = tuple(RANGES)
    chosen = st.selectbox(
        label,
        methods,
        index=methods.index(first),
        format_func=lambda method: RANGES[method],
        disabled=disabled,
        key=f"sweep {label}",
    )
    return one_of("range method", chosen, methods)


def _granularity(name: str, size: int) -> Granularity:
    match one_of("granularity", name, _GRANULARITIES):
        case "per-channel":
            return PerChannel()
        case "per-tensor":
            return PerTensor()
        case _:
            return PerGroup(size)


def _expectation(source: str, widths: int, target: Targets, method: Method) -> str:
    """Cells and expected time, from earlier sweeps of this workload; else that it is unknown."""
    earlier = _earlier(source)
    if not earlier:
        return (
            "This workload was not swept here before: the number of cells and the time are known "
            "once its model is loaded."
        )
    _, newest = earlier[0]
    cells = planned_cells(newest.layers, widths, target)
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
