"""The surrogates of one sweep, and what they say about any of its recipes."""

from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, eq=False)
class Corrector:
    """The estimate that a calibration corrects, ready for any recipe of a sweep.

    Attributes:
        groups: decision groups of the sweep.
        surrogate: the estimate.
        calibration: what corrects it.
    """

    groups: tuple[Group, ...]
    surrogate: Surrogate
    calibration: Calibration

    @classmethod
    def of(
        cls, result: Sensitivities, interactions: Interactions | None, calibration: Calibration
    ) -> "Corrector | None":
        """None where the estimate that was calibrated cannot be made from these interactions."""
        groups = decision_groups(result, {})
        known = None if calibration.surrogate == "additive" else interactions
        surrogate = best_estimate(result, groups, known)
        return (
            cls(groups, surrogate, calibration) if surrogate.name == calibration.surrogate else None
        )

    def estimate(self, recipe: Recipe) -> float | None:
        """Before the correction.

        None for a recipe that takes something the sweep has not measured, or splits a group.
        """
        try:
            return self.surrogate.value(picks_of(self.groups, recipe))
        except OptionError:
            return None

    def predict(self, recipe: Recipe) -> Calibrated | None:
        """The corrected prediction; None as `estimate`."""
        value = self.estimate(recipe)
        return None if value is None else self.calibration.predict(value)

    def drop(self, recipe: Recipe) -> float | None:
        """Expected loss of the task metric; None as `estimate`, and without labels."""
        value = self.estimate(recipe)
        return None if value is None else self.calibration.drop(value)


def corrected(
    result: Sensitivities,
    recipes: Sequence[Recipe],
    interactions: Interactions | None,
    calibration: Calibration,
) -> tuple[Calibrated | None, ...]:
    """Calibrated predictions of recipes, in their order; None where `Corrector` has none."""
    known = Corrector.of(result, interactions, calibration)
    return tuple(None if known is None else known.predict(recipe) for recipe in recipes)
