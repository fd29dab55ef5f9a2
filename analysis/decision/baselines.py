"""What a chosen recipe must beat, measured."""

from collections.abc import Generator, Sequence
from dataclasses import replace

import numpy as np

from analysis.allocation.budget import Choice
from analysis.allocation.predict import to_choice
from analysis.allocation.rivals import rivals
from analysis.allocation.uniform import called_uniform
from analysis.allocation.verdict import Verdict, verdict
from analysis.decision.paired import SURE, paired
from analysis.decision.trials import Trials
from analysis.hardware.profile import HardwareProfile
from analysis.recipe import Recipe
from analysis.sensitivity.points import Sensitivities


def measured_baselines(
    trials: Trials,
    result: Sensitivities,
    recipe: Recipe,
    seed: int,
    profile: HardwareProfile | None = None,
) -> Generator[str, None, tuple[Choice, ...]]:
    """Same-bytes uniform first, its neighbours, ends high, greedy by score, a random mix.

    Those that do not exist for these bytes, or that the hardware cannot run, are left out.

    Yields:
        What is done next, before each run.
    """
    found: list[Choice] = []
    for rival in rivals(result, recipe, seed, profile):
        yield f"measuring {rival.name}"
        found.append(replace(to_choice(result, rival), measured=trials.measurement(rival)))
    return tuple(found)


def measured_verdict(
    choice: Choice, others: tuple[Choice, ...], parts: Sequence[Trials]
) -> Verdict | None:
    """Against the first baseline, sample by sample; with the bytes saved where mixing pays.

    These are the bytes of the smallest measured uniform recipe whose divergence does not exceed
    the upper end of the choice's interval.

    Args:
        choice: measured.
        others: measured baselines.
        parts: the data on which both are compared, a part after the other.
    """
    if choice.measured is None or not others or others[0].measured is None:
        return None
    found = verdict(choice.measured, others[0].measured, name=others[0].recipe.name)
    if found.kind == "tie":
        found = _paired(choice.recipe, others[0].recipe, parts) or found
    limit, ours = choice.measured.high, choice.cost.weight_bytes
    as_good = [
        rival
        for rival in others
        if called_uniform(rival.recipe.name)
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


def _paired(mixed: Recipe, uniform: Recipe, parts: Sequence[Trials]) -> Verdict | None:
    """What the differences of the same samples tell; None where they leave it open."""
    ours = np.concatenate([part.divergence(mixed) for part in parts])
    theirs = np.concatenate([part.divergence(uniform) for part in parts])
    found = paired(ours, theirs)
    if abs(found.gain) <= SURE * found.error:
        return None
    figures = (
        f"on the same {len(ours):,} samples (divergence {ours.mean():.3g} against "
        f"{theirs.mean():.3g}, standard error of the difference {found.error:.2g})"
    )
    if found.gain > 0:
        return Verdict("mixing pays", f"Mixing pays: better than {uniform.name} {figures}.")
    return Verdict("use uniform", f"Use {uniform.name}: it is better than mixing {figures}.")
