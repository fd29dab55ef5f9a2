"""Proxies as text: which one ranks the layers as the measurement does."""

from collections.abc import Sequence

from analysis.cli.answer import table
from analysis.sensitivity.points import Sensitivities
from analysis.sensitivity.proxies.agreement import (
    INFLATED,
    ProxyAgreement,
    few_layers,
    measured_weights,
    ranked_proxies,
)
from analysis.sensitivity.proxies.catalogue import PROXIES
from analysis.sensitivity.proxies.values import ProxyResult


def proxies_text(result: Sensitivities, found: Sequence[ProxyResult]) -> str:
    """Rank correlation of each proxy within each width, best first; then what it stands on."""
    points = measured_weights(result)
    if not points:
        return (
            "Which proxy agrees is not known: this sweep measured no weight, it only estimated "
            "them. Sweep with --method sampled or exact."
        )
    widths = sorted({point.bits for point in points})
    ranked = ranked_proxies(result, found)
    headers = ("proxy", "median", *(f"{width} bits" for width in widths), "all cells", "CPU s")
    rows = [_row(agreement, widths) for agreement in ranked]
    layers = max(agreement.layers for agreement in ranked)
    fewest, most = min(p.samples for p in points), max(p.samples for p in points)
    samples = f"{most}" if fewest == most else f"{fewest} to {most}"
    notes = [f"{PROXIES[p.name].title}: {p.note}" for p in found if p.note]
    return "\n\n".join(
        [
            table(headers, rows),
            f"Spearman's rank correlation with the divergence measured on {samples} sweep samples: "
            f"of {layers} layers within each width, their median, and beside them {INFLATED}. "
            f"{few_layers(layers)}".rstrip(),
            *notes,
        ]
    )


def _row(found: ProxyAgreement, widths: Sequence[int]) -> tuple[str, ...]:
    by_width = {row.bits: row.spearman for row in found.within}
    overall = found.overall.spearman if found.overall else None
    figures = [found.median, *(by_width.get(width) for width in widths), overall]
    return (
        PROXIES[found.proxy.name].title,
        *("–" if figure is None else f"{figure:.2f}" for figure in figures),
        f"{found.proxy.seconds:.1f}",
    )
