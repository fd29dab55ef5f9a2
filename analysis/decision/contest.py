"""Optima of several estimates against each other, and the recipe that comes out of it."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from analysis.allocation.baselines import same_bytes_uniform
from analysis.allocation.noisy import near_additive
from analysis.allocation.posed import Posed
from analysis.allocation.problem import Integers
from analysis.allocation.rivals import greedy_by_score
from analysis.allocation.search import RANDOM_STARTS, STEPS, search
from analysis.allocation.surrogates.surrogate import Surrogate, SurrogateName
from analysis.cost import recipe_cost
from analysis.decision.final import Finalist, final
from analysis.decision.polish import Polish
from analysis.decision.race import Rounds
from analysis.decision.trials import Trials
from analysis.decision.values import Candidate, Origin
from analysis.errors import InfeasibleBudgetError, OptionError
from analysis.recipe import Recipe

SLOW_STEPS = 60
"""Steps of a search on an estimate that adds up logits; it begins at the other optima."""

NEAR = 11
"""Further optima of the best estimate that are run: what it tells of good recipes is off by more
than it tells them apart."""

TRUSTED = 2
"""Estimates that rank neighbours, one after the other: a few runs hardly tell which ranks best."""


@dataclass(slots=True, eq=False)
class Contest:
    """One budget's race.

    Attributes:
        surrogates: the additive one first.
        swept, held: the sweep set, and the calibration set as validation.
        evaluations: recipes to run at most.
    """

    posed: Posed
    surrogates: Sequence[Surrogate]
    swept: Trials
    held: Trials
    seed: int
    evaluations: int
    _optima: dict[bytes, tuple[Origin, Integers, float]] = field(default_factory=dict)
    _near: dict[SurrogateName, tuple[Integers, ...]] = field(default_factory=dict)
    _spent: int = field(default=0)

    def run(self) -> Generator[str, None, tuple[tuple[Candidate, ...], int, int]]:
        """Solve, race, polish, validate.

        Yields:
            What is done next, before each run.

        Returns:
            The candidates, the number of the one to take, and the recipes that were run.
        """
        self._solve(self.surrogates[0])
        self._others()
        for surrogate in self.surrogates[1:]:
            self._solve(surrogate)
        recipes = [self.posed.recipe(picks, name) for name, picks, _ in self._optima.values()]
        rounds = Rounds.of(self.swept, self.seed)
        winner = yield from rounds.race(recipes)
        polished = yield from self._polished(winner, rounds)
        origins = [origin for origin, *_ in self._optima.values()]
        if polished.layers != winner.layers:
            origins, recipes = [*origins, "polished"], [*recipes, polished]
        finalists = [0, *(k for k in range(1, len(recipes)) if self.swept.whole(recipes[k]))]
        for number in finalists:
            yield f"validating {recipes[number].name}"
            self.held.divergence(recipes[number])
            self.swept.divergence(recipes[number])
        chosen = finalists[final([self._finalist(recipes[k]) for k in finalists], additive=0)]
        candidates = [self._candidate(*row) for row in zip(origins, recipes, strict=True)]
        return tuple(candidates), chosen, len(self._optima) + self._spent

    def _polished(self, winner: Recipe, rounds: Rounds) -> Generator[str, None, Recipe]:
        """The best recipe that moves lead to, from the winner and from near optima."""
        known = {key: picks for key, (_, picks, _) in self._optima.items()}
        near = self._near_optima(self._by_trust(rounds, known)[0])
        known |= {picks.tobytes(): picks for picks in near}
        starts = [self.posed.recipe(picks, "near optimum") for picks in near]
        whole = yield from rounds.thinned([winner, *starts])
        self._spent += len(near)
        if all(start is not winner for start in whole):
            whole.append(winner)
        whole.sort(key=lambda recipe: rounds.mean(recipe, None))
        first, *others = self._by_trust(rounds, known)[:TRUSTED]
        polish = Polish(self.posed, self.surrogates, rounds, known)
        found = [(yield from self._counted(polish.run(first, whole[0], self._most)))]
        for start in whole[1:]:
            found.append((yield from self._counted(polish.run(first, start, self._most, bases=0))))
        best = min(found, key=lambda recipe: rounds.mean(recipe, None))
        for other in others:
            best = yield from self._counted(polish.run(other, best, self._most))
        return best

    def _near_optima(self, trusted: Surrogate) -> list[Integers]:
        """Further recipes that an estimate thinks good: local optima, or of a sum noisy ones."""
        found = self._near.get(trusted.name)
        if found is None:
            found = near_additive(self.posed.problem, self.seed, NEAR)
        fresh = [picks for picks in found if picks.tobytes() not in self._optima]
        return fresh[: self._most]

    @property
    def _most(self) -> int:
        """Recipes that may still be run."""
        return max(0, self.evaluations - len(self._optima) - self._spent)

    def _by_trust(self, rounds: Rounds, known: Mapping[bytes, Integers]) -> list[Surrogate]:
        """The estimates, that first which came nearest to what was run."""
        recipes = [self.posed.recipe(picks, "raced") for picks in known.values()]
        found = np.array([rounds.mean(recipe, rounds.draws[0]) for recipe in recipes])

        def error(surrogate: Surrogate) -> float:
            told = np.array([surrogate.value(picks) for picks in known.values()])
            both = (found > 0) & (told > 0) & np.isfinite(found)
            return float(np.abs(np.log(told[both] / found[both])).mean()) if both.any() else 0.0

        return sorted(self.surrogates, key=error)

    def _others(self) -> None:
        """What a baseline would choose joins the race, where it keeps all limits."""
        result, posed = self.posed.result, self.posed
        recipe = posed.recipe(posed.additive, "additive")
        stored = recipe_cost(result.layers, recipe, other_bytes=0).weight_bytes
        ways: tuple[tuple[Origin, Callable[[], Recipe]], ...] = (
            ("uniform", lambda: same_bytes_uniform(result, stored, like=recipe)),
            ("greedy", lambda: greedy_by_score(result, recipe)),
        )
        for origin, way in ways:
            # smaller than any of its kind, or something a lock or a profile forbids
            with suppress(InfeasibleBudgetError, OptionError):
                picks = posed.picks(way())
                if posed.problem.keeps(picks):
                    value = self.surrogates[0].value(picks)
                    self._optima.setdefault(picks.tobytes(), (origin, picks, value))

    def _solve(self, surrogate: Surrogate) -> None:
        """Keep the optimum of one estimate; one that is known already counts once."""
        picks = self.posed.additive
        if surrogate.name != "additive":
            slow, first = surrogate.name == "superposition", surrogate.name == "pairwise"
            found = search(
                self.posed.problem,
                surrogate,
                [picks for _, picks, _ in self._optima.values()],
                seed=self.seed,
                steps=SLOW_STEPS if slow else STEPS,
                random_starts=RANDOM_STARTS if first else 0,
            )
            picks = found.picks
            self._near[surrogate.name] = found.others[:NEAR]
        row = (surrogate.name, picks, surrogate.value(picks))
        self._optima.setdefault(picks.tobytes(), row)

    def _counted(self, work: Generator[str, None, Recipe]) -> Generator[str, None, Recipe]:
        while True:
            try:
                doing = next(work)
            except StopIteration as end:
                found: Recipe = end.value
                return found
            self._spent += 1
            yield doing

    def _finalist(self, recipe: Recipe) -> Finalist:
        return Finalist(self.swept.divergence(recipe), self.held.divergence(recipe))

    def _candidate(self, origin: Origin, recipe: Recipe) -> Candidate:
        result, picks = self.posed.result, self.posed.picks(recipe)
        known = {name: value for name, _, value in self._optima.values()}
        value = known.get(origin)
        return Candidate(
            origin=origin,
            recipe=recipe,
            cost=recipe_cost(result.layers, recipe, other_bytes=result.setup.other_bytes),
            predicted=self.surrogates[0].value(picks) if value is None else value,
            measured=self.swept.measurement(recipe) if self.swept.whole(recipe) else None,
            validation=self.held.measurement(recipe) if self.held.whole(recipe) else None,
        )
