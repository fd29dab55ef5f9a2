"""Rules on a layer's input."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from analysis.diagnosis.case import Case, Finding
from analysis.diagnosis.weight_rules import COARSE, FAR
from analysis.quant.spec import IntFormat

SATURATED = 0.005
"""Share of inputs beyond the range; half a percent of a ReLU's largest outputs carry much of it."""


def _saturated(case: Case) -> Iterator[Finding]:
    seen = case.seen
    if seen is None or seen.clipped < SATURATED or seen.spec.range_method == "minmax":
        return
    yield Finding(
        "Saturated activations",
        f"{seen.clipped:.1%} of this layer's inputs lie outside the range of {seen.spec.label} "
        f"({seen.grid[0]:.3g} to {seen.grid[-1]:.3g}) and are clipped.",
        "activation",
        seen.spec,
        replace(seen.spec, range_method="minmax"),
    )


def _one_sided_input(case: Case) -> Iterator[Finding]:
    seen, stats = case.seen, case.profile.activation_stats
    if seen is None or stats is None or stats.minimum < 0 or stats.maximum <= 0:
        return
    form = seen.spec.format
    if not isinstance(form, IntFormat) or not form.symmetric:
        return
    yield Finding(
        "One-sided input",
        f"This layer's inputs run from {stats.minimum:.3g} to {stats.maximum:.3g}, never below "
        "zero, so half of symmetric codes stand for values that do not occur.",
        "activation",
        seen.spec,
        replace(seen.spec, format=IntFormat(form.bits)),
    )


def _large_inputs(case: Case) -> Iterator[Finding]:
    seen, stats = case.seen, case.profile.activation_stats
    if seen is None or stats is None or not stats.std or seen.spec.range_method != "minmax":
        return
    reach = max(stats.mean - stats.minimum, stats.maximum - stats.mean) / stats.std
    step = (stats.maximum - stats.minimum) / stats.std / (2**seen.spec.bits - 1)
    if reach < FAR or step < COARSE:
        return
    yield Finding(
        "Few large inputs",
        f"The largest input lies {reach:.1f} standard deviations from the mean and "
        f"{stats.outliers:.2%} of all lie beyond 4, so min-max spends its codes on a range that "
        f"few inputs use, in steps of {step:.2f} standard deviations.",
        "activation",
        seen.spec,
        replace(seen.spec, range_method="mse"),
    )


INPUT_RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    _one_sided_input,
    _saturated,
    _large_inputs,
)
