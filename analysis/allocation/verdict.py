"""Whether mixing widths was worth it, from measured figures only."""

from dataclasses import dataclass
from math import hypot
from typing import Literal

from analysis.allocation.budget import Measurement
from analysis.scores import Interval, Score

VerdictKind = Literal["mixing pays", "tie", "use uniform"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer in one sentence, with the figures it rests on."""

    kind: VerdictKind
    sentence: str


def verdict(
    mixed: Score | Measurement,
    uniform: Score | Measurement,
    *,
    name: str = "uniform at the same bytes",
) -> Verdict:
    """Compare a mixed recipe with a uniform one, both run on the same samples.

    Two figures differ when their distance exceeds what is left of both 95 % intervals together,
    sqrt(a^2 + b^2) of the half-widths that face each other. Both run on the same samples, whose
    luck they share, so this asks for more than a paired test would. The loss of the task metric
    decides where it differs; then a loss that neither recipe shows is a tie; then the divergence
    decides, which tells recipes apart that the task metric cannot.

    Args:
        mixed: the recipe in question.
        uniform: the baseline.
        name: of the baseline, where its figures do not carry it (a `Score` does).
    """
    other = uniform.recipe.name if isinstance(uniform, Score) else name
    losses = _loss(mixed), _loss(uniform)
    ours, theirs = _divergence(mixed), _divergence(uniform)
    figures = f"divergence {_text(ours)} against {_text(theirs)}"
    if isinstance(mixed, Score) and isinstance(uniform, Score):
        figures += f", {mixed.cost.weight_bytes:,} against {uniform.cost.weight_bytes:,} bytes"
    side = _side(ours, theirs)
    if losses[0] is not None and losses[1] is not None:
        figures = f"{_losses(mixed, losses[0], losses[1])}, {figures}"
        side = _side(losses[0], losses[1]) or side
        if max(losses[0].low, losses[1].low) <= 0 and not _side(losses[0], losses[1]):
            return _tie(other, figures, mixed.samples, "neither shows a loss")
    return _answer(side, other, figures, mixed.samples)


def _answer(side: int, other: str, figures: str, samples: int) -> Verdict:
    if side < 0:
        return Verdict(
            "mixing pays",
            f"Mixing pays: better than {other} on {samples:,} samples ({figures}).",
        )
    if side > 0:
        return Verdict(
            "use uniform",
            f"Use {other}: it is better than mixing on {samples:,} samples ({figures}).",
        )
    return _tie(other, figures, samples, "the intervals overlap")


def _tie(other: str, figures: str, samples: int, why: str) -> Verdict:
    return Verdict(
        "tie",
        f"A tie, {why} on {samples:,} samples ({figures}): {other} is as good, use it.",
    )


def _side(ours: Interval, theirs: Interval) -> int:
    """-1 when ours is lower, 1 when theirs is, 0 when the intervals leave it open."""
    if ours.value < theirs.value:
        margin = hypot(ours.high - ours.value, theirs.value - theirs.low)
        return -1 if theirs.value - ours.value > margin else 0
    margin = hypot(theirs.high - theirs.value, ours.value - ours.low)
    return 1 if ours.value - theirs.value > margin else 0


def _divergence(figures: Score | Measurement) -> Interval:
    return Interval(figures.divergence, figures.low, figures.high)


def _loss(figures: Score | Measurement) -> Interval | None:
    """Loss of the task metric with its interval; a `Measurement` has no interval."""
    if isinstance(figures, Measurement) or figures.metric is None:
        return None
    return figures.drop[figures.metric]


def _losses(figures: Score | Measurement, ours: Interval, theirs: Interval) -> str:
    """Both losses in words: percentage points for a share, plain otherwise."""
    metric = figures.metric if isinstance(figures, Score) else None
    share = isinstance(figures, Score) and metric and 0 <= figures.reference[metric] <= 1
    factor, unit = (100.0, " pp") if share else (1.0, "")
    return (
        f"{metric} loss {factor * ours.value:.3g}{unit} against {factor * theirs.value:.3g}{unit}"
    )


def _text(figure: Interval) -> str:
    return f"{figure.value:.3g} ({figure.low:.3g} to {figure.high:.3g})"
