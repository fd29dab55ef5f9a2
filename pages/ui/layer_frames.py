"""Layers as tables: what each row and column of the Layers and Model pages shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, log10, nan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.coverage import Coverage
from analysis.diagnosis.case import dead_channels
from analysis.layers import Layer, Skipped
from analysis.profiles import LayerProfile
from analysis.quant.spec import QuantSpec
from analysis.quant.stats import Histogram, SpecEffect
from analysis.sensitivity.points import Sensitivities, Target
from pages.ui.risk import swept_near
from pages.ui.text import shape_text

_NUMBERS = ("sqnr", "low", "high", "kurtosis", "outliers", "zeros")
SPARK_BINS = 16
TALL = 26
TALL_PIXELS = 960
"""Tables of more rows scroll, so that what stands beside them stays in sight."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number for each layer, with the unit in its title."""

    title: str
    values: Mapping[str, float]


def layer_measures(layers: Sequence[Layer], result: Sensitivities | None) -> Mapping[str, Measure]:
    """Numbers that the architecture can be drawn by; the sensitivity when there is a sweep."""
    measures = {
        "Weights": Measure("weights", {layer.name: layer.parameters for layer in layers}),
        "MACs": Measure("MACs for one sample", {layer.name: layer.macs for layer in layers}),
        "Input": Measure(
            "input values a sample", {layer.name: layer.input_size for layer in layers}
        ),
    }
    if result is None or not result.of("weight"):
        return measures
    bits = swept_near(result, "weight")
    points = {p.layer: p.divergence for p in result.leading("weight") if p.bits == bits}
    samples = f"{result.setup.samples:,} sweep samples"
    return {**measures, "Sensitivity": Measure(f"divergence at {bits} bits, {samples}", points)}


def effect_at(effects: Sequence[SpecEffect], spec: QuantSpec) -> SpecEffect | None:
    """What exactly this spec does, or None when it was not tried on the tensor."""
    return next((effect for effect in effects if effect.spec == spec), None)


def spark(histogram: Histogram) -> list[int]:
    """The counts in at most 16 coarser bins, for a picture of one table cell."""
    width = max(1, -(-len(histogram.counts) // SPARK_BINS))
    counts = histogram.counts
    return [sum(counts[at : at + width]) for at in range(0, len(counts), width)]


def _levels(counts: Sequence[int]) -> NDArray[np.uint8]:
    """Counts as shares of the largest in 255ths: a byte each on the way to the browser."""
    largest = max(counts, default=0) or 1
    return np.round(np.array(counts, dtype=np.float64) * (255 / largest)).astype(np.uint8)


def curves(result: Sensitivities | None, target: Target) -> Mapping[str, Sequence[float]]:
    """log10 of each tensor's divergence at each swept width, widest last; empty without a sweep."""
    if result is None:
        return {}
    found: dict[str, list[tuple[int, float]]] = {}
    for point in result.leading(target):
        if point.divergence > 0:
            found.setdefault(point.layer, []).append((point.bits, log10(point.divergence)))
    return {layer: [value for _, value in sorted(points)] for layer, points in found.items()}


def profile_frame(
    profiles: Sequence[LayerProfile],
    spec: QuantSpec,
    result: Sensitivities | None,
    sqnr_db: Mapping[str, float] | None = None,
    target: Target = "weight",
) -> pd.DataFrame:
    """One row a layer: what its weights or inputs are like, and what `spec` does to them.

    `sqnr_db` tells the SQNR by layer where the spec is not among those that were tried. An input
    that was never seen leaves its row empty.
    """
    told = sqnr_db or {}
    known = curves(result, target)
    rows = []
    for profile in profiles:
        stats, histogram = profile.stats_of(target), profile.histogram_of(target)
        effect = effect_at(profile.effects_of(target), spec)
        sqnr = effect.sqnr_db if effect else told.get(profile.layer.name, nan)
        rows.append(
            {
                "layer": profile.layer.name,
                "kind": profile.layer.kind,
                "weights": _levels(spark(histogram) if histogram else ()),
                "sqnr": sqnr if isfinite(sqnr) else None,
                "sensitivity": np.array(known.get(profile.layer.name, ()), dtype=np.float32),
                "low": stats.minimum if stats else nan,
                "high": stats.maximum if stats else nan,
                "kurtosis": stats.kurtosis if stats else nan,
                "outliers": stats.outliers if stats else nan,
                "zeros": stats.zeros if stats else nan,
                "dead": np.uint16(dead_channels(profile)),
            }
        )
    frame = pd.DataFrame(rows).astype(dict.fromkeys(_NUMBERS, np.float32))
    return frame.astype({"kind": "category"})


def architecture_frame(layers: Sequence[Layer]) -> pd.DataFrame:
    """One row a layer, in call order: shape, size, work and ties."""
    total = sum(layer.parameters for layer in layers)
    return pd.DataFrame(
        {
            "layer": layer.name,
            "kind": layer.kind,
            "shape": shape_text(layer.weight_shape),
            "parameters": layer.parameters,
            "share": layer.parameters / total if total else 0.0,
            "macs": layer.macs,
            "calls": layer.calls,
            "input": shape_text(layer.input_shape),
            "folded": layer.folded or "",
            "tied": ", ".join(layer.tied),
        }
        for layer in layers
    )


def coverage_frame(report: Coverage) -> pd.DataFrame:
    """One row a layer: what of it can be quantised, with which others, under which name."""
    return pd.DataFrame(
        {
            "layer": layer.layer,
            "weight": "yes",
            "input": "yes" if layer.input else f"no: {layer.why_not}",
            "with": ", ".join(layer.decided_with),
            "like": ", ".join(layer.inputs_like),
            "tied": ", ".join(layer.tied),
            "exported": layer.exported,
        }
        for layer in report.layers
    )


def skipped_frame(skipped: Sequence[Skipped]) -> pd.DataFrame:
    """One row for each reason to stay in float and kind of module, with the names it holds for."""
    groups: dict[tuple[str, str], list[Skipped]] = {}
    for entry in skipped:
        groups.setdefault((entry.reason, entry.kind), []).append(entry)
    return pd.DataFrame(
        {
            "reason": reason,
            "kind": kind,
            "count": len(entries),
            "values": sum(entry.parameters for entry in entries),
            "names": ", ".join(entry.name for entry in entries),
        }
        for (reason, kind), entries in groups.items()
    )
