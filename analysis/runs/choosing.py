"""The recipe a sweep proposes, chosen by several estimates and by measurement."""

from typing import TYPE_CHECKING

from analysis.allocation.budget import Budget, Choice
from analysis.allocation.calibration import Calibration
from analysis.allocation.drops import fit_drops
from analysis.allocation.estimates import corrected
from analysis.allocation.predict import figures_of
from analysis.allocation.recommend import allowed_loss, recommend
from analysis.errors import InfeasibleBudgetError
from analysis.runs.attempt import Attempt
from analysis.runs.records import Job, RecipeRecord
from analysis.sensitivity.interactions import Interactions
from analysis.sensitivity.points import Sensitivities

if TYPE_CHECKING:
    from analysis.workloads.workload import Workload

EVALUATIONS = 40
"""Recipes that are run to choose one; a page waits for it."""


def choose(attempt: Attempt, job: Job, workload: "Workload", result: Sensitivities) -> RecipeRecord:
    """What to propose without being asked, chosen once for each run.

    The smallest recipe that is measured to lose at most what `recommend` allows, found by the full
    search; without a task metric the best one at the size of the frontier's knee. Progress is told
    in recipes run; when the phase ends, in cells again.

    Raises:
        CancelledError: the job is to stop.
    """
    store, run = attempt.store, job.id
    known = store.recommended(run)
    if known is not None:
        return known
    interactions, cells = store.interactions(run), len(result.setup.cells)
    try:
        choice, calibration = _decided(attempt, workload, result, interactions)
    finally:
        attempt.expect(cells, done=cells)
    if calibration is not None:
        store.save_calibration(run, calibration)
    return store.save_recipe(
        choice.recipe,
        owner=job.owner,
        run=run,
        origin="recommended",
        predicted=_figures(result, choice, interactions, calibration),
    )


def _decided(
    attempt: Attempt,
    workload: "Workload",
    result: Sensitivities,
    interactions: Interactions | None,
) -> tuple[Choice, Calibration | None]:
    """The choice, measured unless no recipe loses little enough."""
    from analysis.decide import Deciding

    run, store = attempt.job_id, attempt.store
    usual = recommend(result)
    budget = Budget(weight_bytes=usual.cost.weight_bytes)
    if fit_drops(result) is not None:
        budget = Budget(max_drop=allowed_loss(result)[0])
    work = Deciding(
        workload,
        result,
        interactions,
        budget,
        store.samples(run),
        store.calibration(run),
        evaluations=EVALUATIONS,
        calibrate=True,
        compare=False,
    )
    total = 0
    try:
        for step in work:
            if step.total != total:
                total = step.total
                attempt.expect(total, done=step.done)
            attempt.advance(step.done)
    except InfeasibleBudgetError:
        return usual, work.calibration
    return work.decision.choice, work.calibration


def _figures(
    result: Sensitivities,
    choice: Choice,
    interactions: Interactions | None,
    calibration: Calibration | None,
) -> dict[str, float]:
    """Prediction, corrected prediction and measurement as the figures that go with a recipe."""
    named = dict(figures_of(choice.predicted))
    if calibration is not None:
        (found,) = corrected(result, [choice.recipe], interactions, calibration)
        if found is not None:
            named |= {"calibrated": found.value}
            named |= {"calibrated_low": found.low, "calibrated_high": found.high}
    if choice.measured is not None:
        measured = choice.measured
        named |= {"measured": measured.divergence}
        named |= {"measured_low": measured.low, "measured_high": measured.high}
    return named
