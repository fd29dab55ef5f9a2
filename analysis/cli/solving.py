"""The ways to search that `quantscope allocate` offers."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar, assert_never, get_args

from analysis.allocation.budget import Budget, Choice
from analysis.allocation.calibration import Calibrated, Calibration
from analysis.allocation.terms import TermKeywords
from analysis.allocation.verdict import Verdict
from analysis.cli.answer import note
from analysis.cli.evidence import Evidence
from analysis.cli.opening import check_model, open_workload
from analysis.cli.progress import StatusLine
from analysis.errors import AnalysisError, OptionError

if TYPE_CHECKING:
    from analysis.decision.values import Candidate
    from analysis.workloads.workload import Workload

Search = Literal["additive", "interactions", "full"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """A recipe, how it was found, and what was measured.

    Attributes:
        baselines: measured where the recipe was.
        evaluations: recipes that were run to choose this one.
        calibrated: the corrected prediction of this recipe.
    """

    search: Search
    choice: Choice
    baselines: tuple[Choice, ...]
    verdict: Verdict | None
    candidates: "tuple[Candidate, ...]" = ()
    evaluations: int = 0
    calibration: Calibration | None = None
    calibrated: Calibrated | None = None


def parse_search(text: str | None) -> Search | None:
    """None leaves it to what is at hand.

    Raises:
        OptionError: there is no such search.
    """
    for known in get_args(Search):
        if text == known:
            found: Search = known
            return found
    if text is None:
        return None
    raise OptionError(f"The search must be one of {', '.join(get_args(Search))}, not {text!r:.80}.")


def solve(
    known: Evidence,
    budget: Budget,
    terms: TermKeywords,
    *,
    asked: Search | None,
    measured: bool,
) -> Solved:
    """Find a recipe and, where the workload can be loaded, measure it beside its baselines.

    Args:
        known: the sweep.
        budget: the limits.
        terms: as `analysis.allocate` takes them.
        asked: the search; None takes the full one where it is possible, else the additive one,
            and says which.
        measured: whether to measure at all.

    Raises:
        OptionError: a search that is not possible here.
        AnalysisError: as `analysis.allocate`; for a full search that was asked for also what
            keeps the workload from being loaded.
    """
    if asked == "full" and not measured:
        raise OptionError(
            "A full search measures recipes; leave --no-measure out, or take --search interactions."
        )
    workload = _workload(known, must=asked == "full") if measured else None
    search = asked or ("full" if workload is not None and known.interactions else "additive")
    if asked is None:
        note(f"Search: {search} ({_why(search, workload is not None)}).")
    match search:
        case "full":
            assert workload is not None
            solved = _full(known, workload, budget, terms)
        case "interactions":
            solved = _judged(known, workload, _by_pairs(known, budget, terms), search)
        case "additive":
            from analysis.allocation.allocate import allocate

            solved = _judged(known, workload, allocate(known.result, budget, **terms), search)
        case _:
            assert_never(search)
    return _calibrated(known, solved)


def _why(search: Search, loaded: bool) -> str:
    if search == "full":
        return "estimates with interactions, raced and polished by measurement"
    return "the sweep keeps no interactions" if loaded else "nothing can be measured here"


def _workload(known: Evidence, *, must: bool) -> "Workload | None":
    """The workload; None, with the reason told, where it cannot be loaded."""
    try:
        workload = open_workload(known.source)
        check_model(workload, known.result)
        return workload
    except AnalysisError as error:
        if must:
            raise
        note(f"Nothing was measured, the figures are predictions only. {error}")
        return None


def _full(known: Evidence, workload: "Workload", budget: Budget, terms: TermKeywords) -> Solved:
    from analysis.decide import Deciding

    work = Deciding(
        workload,
        known.result,
        known.interactions,
        budget,
        known.rows(),
        known.calibration(),
        calibrate=True,
        terms=terms,
    )
    line = StatusLine()
    for step in work:
        line.show(f"{step.doing.capitalize()} ({step.done} of about {step.total})")
    found = work.decision
    line.close(f"Ran {found.evaluations} recipes to choose one")
    if known.store is not None and found.calibration is not None:
        known.store.save_calibration(known.run, found.calibration)
    return Solved(
        search="full",
        choice=found.choice,
        baselines=found.baselines,
        verdict=found.verdict,
        candidates=found.candidates,
        evaluations=found.evaluations,
        calibration=found.calibration,
    )


def _by_pairs(known: Evidence, budget: Budget, terms: TermKeywords) -> Choice:
    """The best recipe by the pairwise estimate, whatever its reliability; nothing is run."""
    from analysis.allocation.posed import pose
    from analysis.allocation.predict import to_choice
    from analysis.allocation.search import search
    from analysis.allocation.surrogates.pairwise import Pairwise
    from analysis.decision.drop_limit import without_drop

    if budget.max_drop is not None:
        budget = without_drop(
            known.result,
            budget,
            budget.max_drop,
            known.calibration(),
            known.interactions,
            terms=terms,
        )
    posed = pose(known.result, budget, **terms)
    pairs = None
    if known.interactions is not None:
        pairs = Pairwise.of(known.result, posed.groups, known.interactions)
    if pairs is None:
        raise OptionError(
            "A search with interactions needs the output shifts of every cell, and this sweep "
            "does not keep them; take --search additive, or sweep again to its end."
        )
    found = search(posed.problem, pairs, [posed.additive])
    choice = to_choice(known.result, posed.recipe(found.picks, "mixed"))
    return replace(choice, hardware=posed.hardware(choice.recipe))


def _judged(known: Evidence, workload: "Workload | None", choice: Choice, search: Search) -> Solved:
    """Measured where there is a workload."""
    if workload is None:
        return Solved(
            search=search, choice=choice, baselines=_unmeasured(known, choice), verdict=None
        )
    from analysis.decision.judging import judging

    found = _shown(judging(workload, known.result, choice))
    return Solved(
        search=search, choice=found.choice, baselines=found.baselines, verdict=found.verdict
    )


def _unmeasured(known: Evidence, choice: Choice) -> tuple[Choice, ...]:
    """The baselines with their predictions."""
    from analysis.allocation.baselines import baselines
    from analysis.allocation.predict import to_choice

    return tuple(to_choice(known.result, rival) for rival in baselines(known.result, choice.recipe))


def _shown(work: Generator[str, None, T]) -> T:
    """Do the work and tell what it does."""
    line = StatusLine()
    while True:
        try:
            line.show(next(work).capitalize())
        except StopIteration as end:
            line.close("Measured")
            found: T = end.value
            return found


def _calibrated(known: Evidence, solved: Solved) -> Solved:
    """With the corrected prediction, where the run has a calibration for its best estimate."""
    from analysis.allocation.estimates import corrected

    calibration = solved.calibration or known.calibration()
    if calibration is None:
        return solved
    (found,) = corrected(known.result, [solved.choice.recipe], known.interactions, calibration)
    return replace(solved, calibration=calibration, calibrated=found)
