"""`quantscope coverage`: what a sweep can quantise, what not and why."""

from analysis import serial
from analysis.cli.answer import Answer, JsonFlag, WorkloadArgument, table
from analysis.cli.opening import open_workload
from analysis.coverage import Coverage, coverage_of


def coverage(workload: WorkloadArgument, as_json: JsonFlag = False) -> Answer:
    """Tell what can be quantised, what not and why, and which layers share a decision."""
    from analysis.workloads.subject import subject

    opened = open_workload(workload)
    made = subject(opened)
    total = sum(value.numel() for value in made.model.parameters())
    found = coverage_of(opened.name, made.layers, made.skipped, total)
    document = {**serial.to_plain(found), "share": found.share, "inputs": found.inputs}
    return Answer(document, _text(found))


def _text(found: Coverage) -> str:
    rows = [
        (
            layer.layer,
            layer.kind,
            f"{layer.parameters:,}",
            "yes" if layer.input else f"no: {layer.why_not}",
            ", ".join(layer.decided_with),
            ", ".join(layer.tied),
            layer.exported,
        )
        for layer in found.layers
    ]
    head = ("layer", "kind", "weights", "input too", "decided with", "tied to", "exported as")
    skipped = [(s.name, s.kind, f"{s.parameters:,}", s.reason) for s in found.skipped]
    parts = [
        f"{found.covered:,} of {found.parameters:,} parameter values ({100 * found.share:.1f} %) "
        f"in {len(found.layers)} layers can be quantised, and {found.inputs} of their inputs.",
        table(head, rows),
    ]
    if skipped:
        parts.append(table(("stays in float", "kind", "numbers", "why"), skipped))
    return "\n\n".join(parts)
