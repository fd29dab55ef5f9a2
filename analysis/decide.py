"""A recipe within a budget, decided by several estimates and by measurement.

Each estimate is solved for its best recipe; these are raced on growing samples of the sweep set;
neighbours of the winner are measured; and the calibration set, which no estimate has seen, helps
to decide which recipe is taken (METHODS 4.3, steps 4 to 8).
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, Unpack

from analysis.allocation.budget import Budget
from analysis.allocation.calibration import Calibration
from analysis.allocation.estimates import surrogates_of
from analysis.allocation.posed import pose
from analysis.allocation.predict import to_choice
from analysis.allocation.terms import TermKeywords
from analysis.decision.baselines import measured_baselines, measured_verdict
from analysis.decision.calibrating import POINTS, calibrating
from analysis.decision.contest import Contest
from analysis.decision.drop_limit import without_drop
from analysis.decision.trials import Simulator, Trials
from analysis.decision.values import Decision, DecisionStep
from analysis.sensitivity.interactions import Interactions
from analysis.sensitivity.logit_shifts import LogitShifts, logit_shifts_of
from analysis.sensitivity.points import CellSamples, Sensitivities
from analysis.sensitivity.shifts import FULL_COLUMNS
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload

EVALUATIONS = 60
"""Recipes that are run to choose one; baselines and calibration come on top."""

CAUTION, ATTEMPTS = 0.6, 3
"""A recipe that is measured to lose too much is sought again for a smaller predicted loss."""

T = TypeVar("T")


def decide(  # noqa: PLR0913  (evidence and limits, a keyword each)
    workload: Workload,
    result: Sensitivities,
    interactions: Interactions | None,
    budget: Budget,
    *,
    rows: Iterable[CellSamples] = (),
    calibration: Calibration | None = None,
    seed: int = 0,
    evaluations: int = EVALUATIONS,
    calibrate: bool = False,
    compare: bool = True,
    **terms: Unpack[TermKeywords],
) -> Decision:
    """Decide a recipe within a budget; the arguments are the fields of `Deciding`.

    `terms` are those of `allocate`: locked layers, a hardware profile, constraints.

    The same call gives the same recipe.

    Raises:
        InfeasibleBudgetError: no recipe keeps the limits.
        OptionError: a lock or a limit that does not suit this sweep, or too little measured yet.
        RecipeMismatchError: the sweep is of another model.
    """
    work = Deciding(
        workload,
        result,
        interactions,
        budget,
        tuple(rows),
        calibration,
        seed=seed,
        evaluations=evaluations,
        calibrate=calibrate,
        compare=compare,
        terms=terms,
    )
    for _ in work:
        pass
    return work.decision


@dataclass(slots=True, eq=False)
class Deciding:
    """A decision as an iterator of steps; ends with `decision` made, and may be left before.

    Attributes:
        workload: what the sweep was made of.
        result: the sweep.
        interactions: its pairwise terms; None does without.
        budget: the limits.
        rows: the sweep's raw figures, for the estimate that adds up logits.
        calibration: of predictions; None measures one where a largest loss asks for it.
        seed: of searches and draws.
        evaluations: recipes to run at most, to choose one.
        calibrate: measure a calibration also where no limit asks for it.
        compare: measure the baselines too.
        terms: as `allocate` takes them.
    """

    workload: Workload
    result: Sensitivities
    interactions: Interactions | None
    budget: Budget
    rows: Sequence[CellSamples] = ()
    calibration: Calibration | None = None
    seed: int = 0
    evaluations: int = EVALUATIONS
    calibrate: bool = False
    compare: bool = True
    terms: TermKeywords = field(default_factory=lambda: TermKeywords())
    _decision: Decision | None = field(default=None, init=False)
    _spent: int = field(default=0, init=False)
    _done: int = field(default=0, init=False)
    _total: int = field(default=0, init=False)

    @property
    def decision(self) -> Decision:
        """What was decided; only after the last step."""
        assert self._decision is not None
        return self._decision

    def __iter__(self) -> Iterator[DecisionStep]:
        self._total = 10 + self.evaluations
        yield self._step("running the float model")
        made = subject(self.workload)
        simulator = Simulator(made)
        swept = Trials.of(simulator, made.parts.sweep)
        held = Trials.of(simulator, made.parts.calibration)
        allowed = self.budget.max_drop
        if self.calibration is None and (self.calibrate or allowed is not None):
            self._total += POINTS
            work = calibrating(swept, self.result, self.interactions)
            self.calibration = yield from self._told(work)
        if allowed is None:
            yield from self._decide(swept, held, self.budget)
        else:
            yield from self._decide_by_drop(swept, held, allowed)
        if self.compare:
            yield from self._compare(swept, held)

    def _decide_by_drop(
        self, swept: Trials, held: Trials, allowed: float
    ) -> Iterator[DecisionStep]:
        """The smallest recipe that loses little enough: predicted, and then measured."""
        aimed = allowed
        for _ in range(ATTEMPTS):
            budget = without_drop(
                self.result,
                self.budget,
                aimed,
                self.calibration,
                self.interactions,
                terms=self.terms,
            )
            yield from self._decide(swept, held, budget)
            measured = self.decision.choice.measured
            if measured is None or measured.drop is None or measured.drop <= allowed:
                return
            aimed *= CAUTION

    def _decide(self, swept: Trials, held: Trials, budget: Budget) -> Iterator[DecisionStep]:
        """The best recipe within limits that add up."""
        yield self._step("solving")
        result = self.result
        posed = pose(result, budget, **self.terms)
        shifts = self._shifts(swept)
        surrogates = surrogates_of(result, posed.groups, self.interactions, shifts, self.seed)
        contest = Contest(posed, surrogates, swept, held, self.seed, self.evaluations)
        candidates, chosen, spent = yield from self._told(contest.run())
        winner = candidates[chosen]
        recipe = replace(winner.recipe, name="mixed")
        choice = replace(
            to_choice(result, recipe),
            measured=swept.measurement(recipe),
            hardware=posed.hardware(recipe),
        )
        self._spent += spent
        self._decision = Decision(
            choice=choice,
            origin=winner.origin,
            candidates=candidates,
            baselines=(),
            verdict=None,
            evaluations=self._spent,
            forwards=swept.forwards + held.forwards * held.samples / swept.samples,
            calibration=self.calibration,
        )

    def _compare(self, swept: Trials, held: Trials) -> Iterator[DecisionStep]:
        """Measure the baselines."""
        choice = self.decision.choice
        profile = self.terms.get("profile")
        work = measured_baselines(swept, self.result, choice.recipe, self.seed, profile)
        rivals = yield from self._told(work)
        self._decision = replace(
            self.decision,
            baselines=rivals,
            verdict=measured_verdict(choice, rivals, (swept, held)),
        )

    def _shifts(self, swept: Trials) -> LogitShifts | None:
        if not self.rows or self.result.setup.divergence != "kl" or swept.columns > FULL_COLUMNS:
            return None
        return logit_shifts_of(self.result.setup.cells, self.rows, swept.log_p())

    def _step(self, doing: str) -> DecisionStep:
        return DecisionStep(doing, self._done, max(self._total, self._done))

    def _told(self, work: Generator[str, None, T]) -> Generator[DecisionStep, None, T]:
        """The runs of a part of the work, as steps."""
        while True:
            try:
                doing = next(work)
            except StopIteration as end:
                found: T = end.value
                return found
            yield self._step(doing)
            self._done += 1
