"""The surrogates of one sweep, and what they say about any of its recipes."""

from collections.abc import Sequence

from analysis.allocation.calibration import Calibrated, Calibration
from analysis.allocation.options import Group, Table, decision_groups
from analysis.allocation.posed import picks_of
from analysis.allocation.surrogates.additive import Additive
from analysis.allocation.surrogates.pairwise import Pairwise
from analysis.allocation.surrogates.superposition import Superposition
from analysis.allocation.surrogates.surrogate import Surrogate
from analysis.errors import OptionError
from analysis.recipe import Recipe
from analysis.sensitivity.interactions import Interactions
from analysis.sensitivity.logit_shifts import LogitShifts
from analysis.sensitivity.points import Sensitivities

CAUTIOUS = 0.5
"""Weight of the pairwise terms that did best or nearly so on held-out data (METHODS 7.3)."""


def best_estimate(
    result: Sensitivities, groups: Sequence[Group], interactions: Interactions | None
) -> Surrogate:
    """Pairwise where its terms can be trusted, else additive."""
    if interactions is not None and interactions.weight > 0:
        found = Pairwise.of(result, groups, interactions)
        if found is not None:
            return found
    table = Table.of(groups)
    return Additive(table.divergence, table.starts)


def surrogates_of(
    result: Sensitivities,
    groups: Sequence[Group],
    interactions: Interactions | None,
    shifts: LogitShifts | None = None,
    seed: int = 0,
) -> tuple[Surrogate, ...]:
    """Every estimate that can be made; those that rest on untrusted pairs are left out.

    The pairs come twice where they can be trusted: with the weight of their reliability, and
    cautiously.
    """
    table = Table.of(groups)
    found: list[Surrogate | None] = [Additive(table.divergence, table.starts)]
    if interactions is not None and interactions.weight > 0:
        found.append(Pairwise.of(result, groups, interactions))
        found.append(Pairwise.of(result, groups, interactions, CAUTIOUS, "cautious"))
    if shifts is not None:
        found.append(Superposition.of(groups, shifts, seed))
    return tuple(surrogate for surrogate in found if surrogate is not None)


def corrected(
    result: Sensitivities,
    recipes: Sequence[Recipe],
    interactions: Interactions | None,
    calibration: Calibration,
) -> tuple[Calibrated | None, ...]:
    """Calibrated predictions of recipes, in their order.

    None for a recipe that takes something the sweep has not measured, and for all of them where
    the estimate that was calibrated cannot be made from these interactions.
    """
    groups = decision_groups(result, {})
    surrogate = best_estimate(result, groups, interactions)
    if surrogate.name != calibration.surrogate:
        return (None,) * len(recipes)
    found: list[Calibrated | None] = []
    for recipe in recipes:
        try:
            found.append(calibration.predict(surrogate.value(picks_of(groups, recipe))))
        except OptionError:
            found.append(None)
    return tuple(found)
