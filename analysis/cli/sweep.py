"""`quantscope sweep`: measure every layer at every width, in this process and into the store."""

from typing import Annotated, TypeVar, get_args

import typer

from analysis.cli.answer import Answer, JsonFlag, WorkloadArgument, note, table
from analysis.cli.opening import open_store, resolve_source
from analysis.cli.progress import watched
from analysis.errors import OptionError
from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC, QuantSpec
from analysis.runs.foreground import claim_new, work_here
from analysis.runs.records import SweepOptions
from analysis.sensitivity.packed import sweep_document
from analysis.sensitivity.points import (
    DEFAULT_BITS,
    Method,
    Sensitivities,
    Target,
    Targets,
)

OWNER = "cli"
Word = TypeVar("Word", bound=str)


def sweep(  # noqa: PLR0913  (an option each)
    workload: WorkloadArgument,
    method: Annotated[str, typer.Option(help=" or ".join(get_args(Method)))] = "exact",
    bits: Annotated[str, typer.Option(help="Widths from 2 to 16.")] = ",".join(
        map(str, DEFAULT_BITS)
    ),
    target: Annotated[str, typer.Option(help=" or ".join(get_args(Targets)))] = "weight",
    weight_spec: Annotated[
        str, typer.Option(help="Taken at each width.", metavar="LABEL")
    ] = WEIGHT_SPEC.label,
    activation_spec: Annotated[
        str, typer.Option(help="Taken at each width.", metavar="LABEL")
    ] = ACTIVATION_SPEC.label,
    seed: Annotated[int, typer.Option(help="Of the random signs and draws.")] = 0,
    seconds: Annotated[
        float | None, typer.Option(help="Begin no new samples after so long.")
    ] = None,
    until_settled: Annotated[
        bool, typer.Option(help="End when more samples no longer change the recipes.")
    ] = False,
    as_json: JsonFlag = False,
) -> Answer:
    """Measure how much each layer suffers at each width; the run opens in the app too."""
    options = SweepOptions(
        bits=parse_bits(bits),
        target=_one_of("target", target, get_args(Targets)),
        method=_one_of("method", method, get_args(Method)),
        weight_spec=QuantSpec.parse(weight_spec),
        activation_spec=QuantSpec.parse(activation_spec),
        seed=seed,
        seconds=seconds,
        until_settled=until_settled,
    )
    source, store = resolve_source(workload), open_store()
    attempt = claim_new(store, source, options, owner=OWNER)
    with watched(store, attempt.job_id):
        work_here(attempt)
    result = store.sensitivities(attempt.job_id)
    for sentence in result.notes:
        note(sentence)
    note(f"Stored as run {attempt.job_id}; the app shows it at /sensitivity?run={attempt.job_id}")
    known = store.interactions(attempt.job_id)
    return Answer(sweep_document(result, known), sweep_text(result))


def parse_bits(text: str) -> tuple[int, ...]:
    """``2,3,4`` as ascending widths; `SweepOptions` and the sweep check their range.

    Raises:
        OptionError: it is no list of whole numbers.
    """
    try:
        return tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise OptionError(
            f"Bits must be whole numbers with commas between, such as 2,3,4, not {text!r:.80}."
        ) from None


def _one_of(name: str, value: str, allowed: tuple[Word, ...]) -> Word:
    for choice in allowed:
        if value == choice:
            return choice
    raise OptionError(f"The {name} must be one of {', '.join(allowed)}, not {value!r:.80}.")


def sweep_text(result: Sensitivities) -> str:
    """Divergence by layer and width; then what it was measured on."""
    setup, cost = result.setup, result.cost
    tables = [_divergences(result, target) for target in get_args(Target) if result.of(target)]
    known = ", ".join(f"{name} {value:.4f}" for name, value in setup.reference.items())
    lines = [
        *tables,
        f"Divergence ({setup.divergence}) of {setup.workload} with only that tensor quantised, on "
        f"the {setup.samples} samples of the sweep set{f' (float {known})' if known else ''}.",
        f"{cost.seconds:.1f} s for {cost.forwards:.1f} forwards of the sweep set, "
        f"{cost.peak_rss_bytes / 2**20:.0f} MiB at most.",
        f"Next: quantscope allocate {result.run} --average-bits 4",
    ]
    return "\n\n".join(lines)


def _divergences(result: Sensitivities, target: Target) -> str:
    bits = result.bits(target)
    rows = []
    for layer in result.layers:
        points = [result.point(layer.name, target, width) for width in bits]
        rows.append((layer.name, *(f"{p.divergence:.3g}" if p else "–" for p in points)))
    return table((target, *(f"{width} bits" for width in bits)), rows)
