"""How the figures came about, and the commands that make them again."""

import json
from collections.abc import Iterator
from shlex import quote

from analysis import serial
from analysis.allocation.cells import swept_specs
from analysis.charts.numerals import (
    DIVERGENCES,
    bytes_text,
    metric_text,
    metric_title,
    sentence_case,
    short,
)
from analysis.profiles import Inspection
from analysis.quant.spec import QuantSpec
from analysis.recipe import Recipe
from analysis.report.headline import Scores
from analysis.report.markup import Html, joined, tag
from analysis.sensitivity.families import families_of, scheme_words
from analysis.sensitivity.points import Sensitivities
from analysis.sensitivity.terms import Scheme, Target
from analysis.workloads.catalogue import built_in_names


def method_section(result: Sensitivities, inspection: Inspection | None, scores: Scores) -> Html:
    """What was measured on which samples, and what was left out."""
    facts = [tag("li", fact) for fact in _facts(result, inspection, scores)]
    return joined([tag("h2", "How it was measured"), tag("ul", joined(facts))])


def _facts(result: Sensitivities, inspection: Inspection | None, scores: Scores) -> Iterator[str]:
    setup, cost = result.setup, result.cost
    if inspection is not None:
        parts = inspection.samples
        yield (
            f"Three disjoint parts of the data: {parts.calibration:,} calibration samples set the "
            f"ranges, {parts.sweep:,} sweep samples gave the sensitivities, {parts.evaluation:,} "
            "evaluation samples the final score alone."
        )
        yield from _left_in_float(inspection)
    yield (
        f"Sensitivity: {DIVERGENCES[setup.divergence]} between the float output and the output "
        f"with one tensor quantised (fake quantisation), method “{setup.method}”, "
        f"{len(result.points):,} of {len(setup.cells):,} cells, {setup.samples:,} sweep samples."
    )
    yield (
        "Intervals hold 95 %, over samples. Predictions add up single-layer figures and leave "
        "interactions out; only scores are measurements of a whole recipe."
    )
    if not setup.reference and not any(score.actual for _, score in scores):
        yield (
            "The data have no labels, or the workload no task metric: every figure is the "
            "divergence from the float model, which tells how much answers change, not whether "
            "they get worse."
        )
    for name, value in setup.reference.items():
        yield (
            f"{sentence_case(metric_title(name))} of the float model on the sweep samples: "
            f"{metric_text(name, value)}."
        )
    yield (
        f"The sweep took {short(cost.seconds, 3)} s, {short(cost.forwards, 3)} forwards of the "
        f"sweep set and {bytes_text(cost.peak_rss_bytes)} of memory."
    )
    yield f"Weights: fingerprint {setup.fingerprint}."
    if scores:
        yield "Sizes count codes, scales (32 bits) and zero-points; the rest of the model is float."


def _left_in_float(inspection: Inspection) -> Iterator[str]:
    if not inspection.skipped:
        return
    count = sum(entry.parameters for entry in inspection.skipped)
    reasons = "; ".join(dict.fromkeys(entry.reason for entry in inspection.skipped))
    yield (
        f"{count:,} of {inspection.parameters:,} parameters stay in float "
        f"({bytes_text(inspection.other_bytes)}): {reasons}."
    )


def reproduce_section(result: Sensitivities, recipe: Recipe) -> Html:
    """Commands, and the recipe itself to save as a file."""
    name = result.setup.workload
    lines = [sweep_command(result), f"quantscope score {quote(name)} recipe.json --json"]
    note = "Save the recipe below as recipe.json."
    if name not in built_in_names():
        note += f" Instead of {name} give the path of its factory, such as my_case.py:make."
    text = json.dumps(serial.to_plain(recipe), separators=(",", ":"), ensure_ascii=False)
    return joined(
        [
            tag("h2", "Make it again"),
            tag("pre", "\n".join(lines)),
            tag("p", note, kind="soft"),
            tag("details", tag("summary", "recipe.json"), tag("pre", text)),
        ]
    )


def sweep_command(result: Sensitivities) -> str:
    """The command of the sweep; how tensors are quantised is left out where it is the usual."""
    setup = result.setup
    weights, activations = swept_specs(result, "weight"), swept_specs(result, "activation")
    widths = sorted({spec.bits for spec in (*weights, *activations)})
    target = "both" if weights and activations else "activation" if activations else "weight"
    parts = ["quantscope sweep", quote(setup.workload), f"--method {setup.method}"]
    parts += [f"--bits {','.join(map(str, widths))}", f"--target {target}"]
    found: tuple[tuple[Target, Scheme, tuple[QuantSpec, ...]], ...] = (
        ("weight", setup.weights, weights),
        ("activation", setup.activations, activations),
    )
    for tensor, scheme, specs in found:
        if specs:
            words = scheme_words(tensor, scheme, specs[0], families_of(specs))
            parts += [quote(word) for word in words]
    return " ".join([*parts, "--json > sweep.json"])
