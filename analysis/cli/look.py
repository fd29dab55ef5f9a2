"""`quantscope layers` and `quantscope histograms`: a workload, looked at."""

from collections.abc import Sequence
from itertools import pairwise

from analysis import serial
from analysis.cli.answer import Answer, JsonFlag, WorkloadArgument, table
from analysis.cli.opening import open_workload
from analysis.layers import Layer, Skipped
from analysis.profiles import Inspection, LayerProfile
from analysis.quant.stats import Histogram

BARS = "▁▂▃▄▅▆▇█"
BAR_COUNT = 24


def layers(workload: WorkloadArgument, as_json: JsonFlag = False) -> Answer:
    """List the layers that can be quantised, and what stays in float and why."""
    from analysis.workloads.subject import subject

    opened = open_workload(workload)
    found = subject(opened)
    document = {
        "workload": opened.name,
        "fingerprint": found.fingerprint,
        "layers": [
            {**serial.to_plain(layer), "parameters": layer.parameters} for layer in found.layers
        ],
        "skipped": [serial.to_plain(skipped) for skipped in found.skipped],
        "other_bytes": found.other_bytes,
        "notes": list(found.notes),
    }
    parts = (_layer_table(found.layers), _skipped_table(found.skipped), *found.notes)
    return Answer(document, "\n\n".join(parts))


def histograms(workload: WorkloadArgument, as_json: JsonFlag = False) -> Answer:
    """Show how weights and inputs of each layer are distributed."""
    from analysis.inspection import inspect_workload

    inspection = inspect_workload(open_workload(workload))
    return Answer(serial.to_plain(inspection), _histogram_text(inspection))


def _layer_table(found: Sequence[Layer]) -> str:
    rows = [
        (
            layer.name,
            layer.kind,
            "×".join(map(str, layer.weight_shape)),
            f"{layer.parameters:,}",
            f"{layer.macs:,}",
            str(layer.calls),
            ", ".join(layer.tied),
            layer.group if layer.group != layer.name else "",
            layer.input_group or "",
        )
        for layer in found
    ]
    head = ("layer", "kind", "weight", "weights", "MACs", "calls", "tied to")
    return table((*head, "decided with", "inputs like"), rows)


def _skipped_table(skipped: Sequence[Skipped]) -> str:
    if not skipped:
        return "Nothing else: every parameter can be quantised."
    rows = [(s.name, s.kind, f"{s.parameters:,}", s.reason) for s in skipped]
    return table(("stays in float", "kind", "numbers", "why"), rows)


def _histogram_text(inspection: Inspection) -> str:
    weights = [
        _row(profile, profile.weight, profile.weight_stats.minimum, profile.weight_stats.maximum)
        for profile in inspection.profiles
    ]
    inputs = [
        _row(profile, profile.activation, stats.minimum, stats.maximum)
        for profile in inspection.profiles
        if profile.activation is not None and (stats := profile.activation_stats) is not None
    ]
    count = f"inputs, {inspection.samples.calibration} calibration samples"
    return "\n\n".join((table(("weights", *_COLUMNS), weights), table((count, *_COLUMNS), inputs)))


_COLUMNS = ("least", "histogram", "most")


def _row(
    profile: LayerProfile, histogram: Histogram, minimum: float, maximum: float
) -> tuple[str, str, str, str]:
    return profile.layer.name, f"{minimum:.4g}", bars(histogram.counts), f"{maximum:.4g}"


def bars(counts: Sequence[int]) -> str:
    """A histogram as a row of block characters; the tallest is the fullest bin."""
    edges = [index * len(counts) // BAR_COUNT for index in range(BAR_COUNT + 1)]
    sums = [sum(counts[a:b]) for a, b in pairwise(edges)]
    most = max(sums, default=0)
    if not most:
        return ""
    return "".join(BARS[round((len(BARS) - 1) * value / most)] for value in sums)
