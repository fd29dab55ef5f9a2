"""Whether mixing widths was worth it, from measured figures only."""

from dataclasses import dataclass
from math import hypot
from typing import Literal

from analysis.allocation.budget import Measurement
from analysis.allocation.difference import Difference, difference, figure_text
from analysis.metric_names import SHARES, metric_title
from analysis.scores import Interval, Score

NEGLIGIBLE = 0.005
"""Half a percentage point of a share, or half a per cent of any other metric's float figure."""

SAVING = 0.05
"""Share of the bytes that is worth the trouble of several widths."""

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

    Where both scores kept their samples and the baseline is not larger, the divergences differ when
    the 95 % interval of the paired difference leaves out 0. Any other two figures differ when their
    distance exceeds what is left of both 95 % intervals together, sqrt(a^2 + b^2) of the
    half-widths that face each other; that asks for more, since both share the luck of the samples.
    The loss of the task metric decides where it differs. Where it does not, two losses that are
    surely negligible (upper ends at most `NEGLIGIBLE`) are a tie; otherwise the divergence decides,
    which tells recipes apart on fewer samples than the task metric needs. A tie with a baseline
    that takes at least `SAVING` more bytes speaks for mixing, any other for uniform.

    Args:
        mixed: the recipe in question.
        uniform: the baseline.
        name: of the baseline, where its figures do not carry it (a `Score` does).
    """
    other = uniform.recipe.name if isinstance(uniform, Score) else name
    saved, paired = _saved(mixed, uniform), None
    if isinstance(mixed, Score) and isinstance(uniform, Score) and saved < SAVING:
        paired = difference(mixed, uniform)
    measured = f"on {mixed.samples:,} samples ({_figures(mixed, uniform, paired)})"
    side, why = _compared(mixed, uniform, paired)
    if side < 0:
        return Verdict("mixing pays", f"Mixing pays: better than {other} {measured}.")
    if side > 0:
        return Verdict("use uniform", f"Use {other}: it is better than mixing {measured}.")
    if saved >= SAVING:
        return Verdict(
            "mixing pays",
            f"Mixing pays: {100 * saved:.0f} % smaller than {other}; {why} {measured}.",
        )
    return Verdict("tie", f"A tie, {why} {measured}: {other} is as good, use it.")


def _compared(
    mixed: Score | Measurement, uniform: Score | Measurement, paired: Difference | None
) -> tuple[int, str]:
    """-1 when mixed is better, 1 when uniform is, 0 for a tie, and why it is one."""
    losses = _loss(mixed), _loss(uniform)
    overlap = "the intervals overlap" if paired is None else "the difference may be chance"
    by_divergence = _side(_divergence(mixed), _divergence(uniform))
    if paired is not None:
        by_divergence = paired.side
    if losses[0] is None or losses[1] is None:
        return by_divergence, overlap
    by_loss = _side(losses[0], losses[1])
    if by_loss == 0 and max(losses[0].high, losses[1].high) <= NEGLIGIBLE * _unit(mixed):
        return 0, "neither loses anything that counts"
    return by_loss or by_divergence, overlap


def _saved(mixed: Score | Measurement, uniform: Score | Measurement) -> float:
    """Share of the baseline's bytes that mixing saves; 0 where they are not known."""
    if isinstance(mixed, Measurement) or isinstance(uniform, Measurement):
        return 0.0
    return 1 - mixed.cost.weight_bytes / uniform.cost.weight_bytes


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


def _unit(figures: Score | Measurement) -> float:
    """What a loss is measured by: 1 for a share, the float figure for an error and the like."""
    if isinstance(figures, Measurement) or figures.metric is None:
        return 1.0
    reference = figures.reference[figures.metric]
    share = figures.direction == "higher" and 0 <= reference <= 1
    return 1.0 if share else abs(reference)


def _figures(
    mixed: Score | Measurement, uniform: Score | Measurement, paired: Difference | None
) -> str:
    """What was measured, mixed against uniform; losses of a share in percentage points."""
    ours, theirs = _loss(mixed), _loss(uniform)
    words = [f"divergence {_text(_divergence(mixed))} against {_text(_divergence(uniform))}"]
    if paired is not None:
        words = [
            f"divergence {figure_text(mixed.divergence)} against {figure_text(uniform.divergence)}",
            f"sample by sample {paired.words}",
        ]
    if isinstance(mixed, Score) and isinstance(uniform, Score):
        words.append(f"{mixed.cost.weight_bytes:,} against {uniform.cost.weight_bytes:,} bytes")
        if ours is not None and theirs is not None and mixed.metric is not None:
            factor, unit = (100.0, " pp") if mixed.metric in SHARES else (1.0, "")
            before, after = (figure_text(factor * one.value) for one in (ours, theirs))
            title = metric_title(mixed.metric)
            words.insert(0, f"{title} loss {before}{unit} against {after}{unit}")
    return ", ".join(words)


def _text(figure: Interval) -> str:
    low, high = figure_text(figure.low), figure_text(figure.high)
    return f"{figure_text(figure.value)} ({low} to {high})"
