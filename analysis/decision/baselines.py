"""What a chosen recipe must beat, measured."""

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import replace

from analysis.allocation.baselines import baselines
from analysis.allocation.budget import Choice
from analysis.allocation.predict import to_choice
from analysis.allocation.rivals import greedy_by_score, random_mix
from analysis.allocation.verdict import Verdict, verdict
from analysis.decision.trials import Trials
from analysis.errors import InfeasibleBudgetError, OptionError
from analysis.recipe import Recipe
from analysis.sensitivity.points import Sensitivities


def measured_baselines(
    trials: Trials, result: Sensitivities, recipe: Recipe, seed: int
) -> Generator[str, None, tuple[Choice, ...]]:
    """Same-bytes uniform first, its neighbours, ends high, greedy by score, a random mix.

    Those that do not exist for these bytes are left out.

    Yields:
        What is done next, before each run.
    """
    found: list[Choice] = []
    for rival in _rivals(result, recipe, seed):
        yield f"measuring {rival.name}"
        found.append(replace(to_choice(result, rival), measured=trials.measurement(rival)))
    return tuple(found)


def _rivals(result: Sensitivities, recipe: Recipe, seed: int) -> Iterator[Recipe]:
    with suppress(OptionError):  # no width is measured on every layer, or no weights at all
        yield from baselines(result, recipe)
        with suppress(InfeasibleBudgetError):
            yield greedy_by_score(result, recipe)
            yield random_mix(result, recipe, seed)


def measured_verdict(choice: Choice, rivals: tuple[Choice, ...]) -> Verdict | None:
    """Against the first baseline; with the bytes saved where mixing pays.

    These are the bytes of the smallest measured uniform recipe whose divergence does not exceed
    the upper end of the choice's interval.
    """
    if choice.measured is None or not rivals or rivals[0].measured is None:
        return None
    found = verdict(choice.measured, rivals[0].measured, name=rivals[0].recipe.name)
    limit, ours = choice.measured.high, choice.cost.weight_bytes
    as_good = [
        rival
        for rival in rivals
        if rival.recipe.name.startswith("uniform")
        and rival.measured is not None
        and rival.measured.divergence <= limit
    ]
    smallest = min(as_good, key=lambda rival: rival.cost.weight_bytes, default=None)
    if found.kind != "mixing pays" or smallest is None or smallest.cost.weight_bytes <= ours:
        return found
    saved = 1 - ours / smallest.cost.weight_bytes
    return replace(
        found,
        sentence=f"{found.sentence} It takes {saved:.0%} less than {smallest.recipe.name}, the "
        "smallest measured uniform recipe that is as good.",
    )
