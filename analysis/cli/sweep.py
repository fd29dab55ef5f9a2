"""`quantscope sweep`: measure every layer at every width, in this process and into the store."""

from typing import Annotated, get_args

import typer

from analysis.cli.answer import Answer, JsonFlag, WorkloadArgument, note, table
from analysis.cli.blocks import blocks_document, blocks_text
from analysis.cli.opening import open_store, resolve_source
from analysis.cli.progress import watched
from analysis.cli.proxies import proxies_text
from analysis.cli.schemes import SCHEME_HELP, SPEC_HELP, one_of, read_schemes
from analysis.errors import OptionError
from analysis.runs.foreground import claim_new, work_here
from analysis.runs.records import SweepOptions
from analysis.sensitivity.memory import size_text
from analysis.sensitivity.packed import sweep_document
from analysis.sensitivity.points import (
    DEFAULT_BITS,
    Method,
    Sensitivities,
    SweepCost,
    Target,
    Targets,
)
from analysis.sensitivity.proxies.document import proxies_document
from analysis.workloads.equalized import equalized, is_equalized

OWNER = "cli"


def sweep(  # noqa: PLR0913  (an option each)
    workload: WorkloadArgument,
    method: Annotated[str, typer.Option(help=" or ".join(get_args(Method)))] = "exact",
    bits: Annotated[str, typer.Option(help="Widths from 2 to 16.")] = ",".join(
        map(str, DEFAULT_BITS)
    ),
    target: Annotated[str, typer.Option(help=" or ".join(get_args(Targets)))] = "weight",
    weights: Annotated[str | None, typer.Option(help=SCHEME_HELP, metavar="SCHEME")] = None,
    weight_spec: Annotated[
        list[str] | None, typer.Option(help=SPEC_HELP, metavar="LABEL", show_default=False)
    ] = None,
    activations: Annotated[str | None, typer.Option(help=SCHEME_HELP, metavar="SCHEME")] = None,
    activation_spec: Annotated[
        list[str] | None, typer.Option(help=SPEC_HELP, metavar="LABEL", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the random signs and draws.")] = 0,
    seconds: Annotated[
        float | None, typer.Option(help="Begin no new samples after so long.")
    ] = None,
    workers: Annotated[
        int, typer.Option(help="Processes that share the samples; the figures stay the same.")
    ] = 1,
    until_settled: Annotated[
        bool, typer.Option(help="End when more samples no longer change the recipes.")
    ] = False,
    proxies: Annotated[
        bool, typer.Option("--proxies", help="Also compute proxies; tell how far they agree.")
    ] = False,
    stream: Annotated[
        bool, typer.Option("--stream", help="Sketch a language model half a block at a time.")
    ] = False,
    equalize: Annotated[
        bool,
        typer.Option("--equalize", help="Bring channels to like sizes first (equalized:NAME)."),
    ] = False,
    as_json: JsonFlag = False,
) -> Answer:
    """Measure how much each layer suffers at each width; the run opens in the app too."""
    if stream:
        method, weights = _streamed(workload, method, target, weights)
    options = SweepOptions(
        bits=parse_bits(bits),
        target=one_of("target", target, get_args(Targets)),
        method=one_of("method", method, get_args(Method)),
        **read_schemes(weights, weight_spec or (), activations, activation_spec or ()),
        seed=seed,
        seconds=seconds,
        workers=workers,
        until_settled=until_settled,
        proxies=proxies,
        stream=stream,
    )
    asked = equalized(workload) if equalize else workload
    if stream and is_equalized(asked):
        raise OptionError(
            "A streamed sweep never holds two layers at once, which equalising needs; leave out "
            "one of the two."
        )
    source, store = resolve_source(asked), open_store()
    attempt = claim_new(store, source, options, owner=OWNER)
    attempt.say = note
    with watched(store, attempt.job_id):
        work_here(attempt)
    result = store.sensitivities(attempt.job_id)
    for sentence in result.notes:
        note(sentence)
    note(f"Stored as run {attempt.job_id}; the app shows it at /sensitivity?run={attempt.job_id}")
    known = store.interactions(attempt.job_id)
    document, text = sweep_document(result, known), sweep_text(result)
    document["blocks"] = blocks_document(result, known)
    text = "\n\n".join(part for part in (blocks_text(result, known), text) if part)
    if proxies:
        found = store.proxies(attempt.job_id)
        document["proxies"] = proxies_document(result, found)
        text += f"\n\n{proxies_text(result, found)}"
    return Answer(document, text)


def _streamed(source: str, method: str, target: str, weights: str | None) -> tuple[str, str]:
    """The method and scheme of a streamed sweep; what it cannot do is refused, not ignored."""
    from analysis.workloads.zoo.entries import zoo_windows

    zoo_windows(source)
    if target != "weight" or method not in ("exact", "sketch") or weights not in (None, "fixed"):
        raise OptionError(
            "A streamed sweep is a sketch of the weights at fixed specs; leave out --method, "
            "--target and --weights beside --stream."
        )
    return "sketch", "fixed"


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


def sweep_text(result: Sensitivities) -> str:
    """Divergence by layer and width; then what it was measured on."""
    setup, cost = result.setup, result.cost
    tables = [_divergences(result, target) for target in get_args(Target) if result.of(target)]
    known = ", ".join(f"{name} {value:.4f}" for name, value in setup.reference.items())
    lines = [
        *tables,
        f"Divergence ({setup.divergence}) of {setup.workload} with only that tensor quantised, on "
        f"the {setup.samples} samples of the sweep set{f' (float {known})' if known else ''}.",
        f"{cost.seconds:.1f} s for {cost.forwards:.1f} forwards of the sweep set{_workers(cost)}, "
        f"{size_text(cost.peak_rss_bytes)} at most{_expected(cost)}.",
        f"Next: quantscope allocate {result.run} --average-bits 4",
    ]
    return "\n\n".join(lines)


def _workers(cost: SweepCost) -> str:
    return f" by {cost.workers} workers ({cost.cpu_seconds:.1f} s CPU)" if cost.workers > 1 else ""


def _expected(cost: SweepCost) -> str:
    known = cost.expected_rss_bytes
    return f" (about {size_text(known)} expected)" if known else ""


def _divergences(result: Sensitivities, target: Target) -> str:
    bits = result.bits(target)
    rows = []
    for layer in result.layers:
        points = [result.point(layer.name, target, width) for width in bits]
        rows.append((layer.name, *(f"{p.divergence:.3g}" if p else "–" for p in points)))
    return table((target, *(f"{width} bits" for width in bits)), rows)
