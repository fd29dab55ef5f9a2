"""Recipes compared on growing samples: losers are dropped before they cost much."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from analysis.decision.paired import Paired, paired
from analysis.decision.trials import Trials
from analysis.recipe import Recipe
from analysis.sensitivity.draw import CHOICE_SHARE, Draw, draw_samples, draw_size

DOUBT = 1.0
"""Standard errors by which a recipe may look worse on drawn samples and is run on."""

SMALLEST = 64
"""A part of at most so many samples is run whole from the start."""


@dataclass(frozen=True, slots=True, eq=False)
class Rounds:
    """An eighth of a part, half of it, all of it.

    The samples of the first two are drawn with probability proportional to how unsure the float
    model is of them: a tenth of the samples carries most of the divergence (METHODS 0, item 2).
    A sample that was run is not run again.

    Attributes:
        draws: of each round; None is the whole part.
    """

    trials: Trials
    draws: tuple[Draw | None, ...]

    @classmethod
    def of(cls, trials: Trials, seed: int) -> Self:
        """The three rounds; only the last for a small part."""
        if trials.samples <= SMALLEST:
            return cls(trials, (None,))
        counts = (draw_size(trials.samples, CHOICE_SHARE), trials.samples // 2)
        draws = [draw_samples(trials.impurity, n, seed + k) for k, n in enumerate(counts)]
        return cls(trials, (*draws, None))

    def compared(self, ours: Recipe, theirs: Recipe, draw: Draw | None) -> Paired:
        """Run both on one round's samples."""
        if draw is None:
            return paired(self.trials.divergence(ours), self.trials.divergence(theirs))
        places = draw.indices
        return paired(
            self.trials.divergence(ours, places),
            self.trials.divergence(theirs, places),
            draw.weights,
        )

    def race(self, recipes: Sequence[Recipe]) -> Generator[str, None, Recipe]:
        """Run recipes round by round; return the best one.

        A recipe leaves when it is surely worse than the best of its round.

        Yields:
            What is done next, before each run.
        """
        alive, best = list(recipes), recipes[0]
        for draw in self.draws:
            for recipe in alive:
                yield f"racing {recipe.name}"
                self.mean(recipe, draw)
            best = min(alive, key=lambda recipe: self.mean(recipe, draw))
            alive = [x for x in alive if not self.compared(x, best, draw).surely_worse]
        return best

    def thinned(self, recipes: Sequence[Recipe]) -> Generator[str, None, list[Recipe]]:
        """Run many recipes, of which the worse half leaves after each round.

        Returns those that were run whole, best first.

        Successive halving (Jamieson and Talwalkar, arXiv 1502.07943): for recipes that differ by
        less than a round can tell for sure.

        Yields:
            What is done next, before each run.
        """
        alive = list(recipes)
        for draw in self.draws:
            for recipe in alive:
                yield f"racing {recipe.name}"
                self.mean(recipe, draw)
            alive.sort(key=lambda recipe: self.mean(recipe, draw))
            if draw is not None:
                del alive[(len(alive) + 1) // 2 :]
        return alive

    def mean(self, recipe: Recipe, draw: Draw | None) -> float:
        """Divergence on one round's samples."""
        if draw is None:
            return float(self.trials.divergence(recipe).mean())
        return float(np.mean(self.trials.divergence(recipe, draw.indices) * draw.weights))

    def beats(self, challenger: Recipe, champion: Recipe) -> bool:
        """Whether a recipe is better on the whole part; it is run on while it may well be.

        Any gain counts: that of a single move is nearly always below its standard error, and moves
        add up. Whether their sum is real is decided on samples that no move has seen (`final`).
        """
        for draw in self.draws:
            found = self.compared(challenger, champion, draw)
            if found.gain <= (0.0 if draw is None else -DOUBT * found.error):
                return False
        return True
