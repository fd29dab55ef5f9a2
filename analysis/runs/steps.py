"""What a job does, step by step. Torch is imported here, when a step needs it."""

from typing import TYPE_CHECKING, assert_never

from analysis.errors import UnknownRunError
from analysis.runs.attempt import Attempt
from analysis.runs.choosing import choose
from analysis.runs.comparing import compare_proxies
from analysis.runs.measuring import measure
from analysis.runs.records import (
    InspectOptions,
    Job,
    ProxyOptions,
    RecipeRecord,
    ScoreOptions,
    SweepOptions,
)
from analysis.runs.streaming import measure_streamed
from analysis.sensitivity.points import Sensitivities

if TYPE_CHECKING:
    from analysis.recipe import Recipe
    from analysis.workloads.workload import Workload


def run(attempt: Attempt) -> None:
    """Do the job, or what earlier attempts left of it.

    Raises:
        AnalysisError: it cannot be done; what was finished is in the store.
        CancelledError: it is to stop.
    """
    job = attempt.store.job(attempt.job_id)
    match job.options:
        case InspectOptions():
            attempt.expect(1)
            _inspect(attempt, job, _open(attempt, job))
            attempt.advance(1)
        case SweepOptions():
            _sweep(attempt, job, job.options)
        case ScoreOptions():
            _score(attempt, job, job.options)
        case ProxyOptions():
            workload = _open(attempt, job)
            attempt.begin("comparing proxies")
            compare_proxies(attempt, workload, job.options.run)
        case _:
            assert_never(job.options)


def _open(attempt: Attempt, job: Job) -> "Workload":
    import torch

    from analysis.workloads.load import load_workload
    from analysis.workloads.subject import subject

    torch.set_num_threads(1)
    attempt.begin("loading")
    workload = load_workload(job.source)
    made = subject(workload)
    attempt.describe(made.name, made.fingerprint)
    return workload


def _inspect(attempt: Attempt, job: Job, workload: "Workload") -> None:
    from analysis.inspection import inspect_workload

    attempt.begin("inspecting")
    attempt.store.save_inspection(job.source, inspect_workload(workload))


def _sweep(attempt: Attempt, job: Job, options: SweepOptions) -> None:
    from analysis.workloads.subject import subject

    if options.stream:
        measure_streamed(attempt, job.source, options)
        return  # a choice is measured on the model, which is not in memory
    workload = _open(attempt, job)
    known = attempt.store.inspection_of(job.source)
    if known is None or not known.memory or known.fingerprint != subject(workload).fingerprint:
        _inspect(attempt, job, workload)
    attempt.begin("sweeping")
    result = measure(attempt, workload, options)
    if options.target == "activation":
        return  # a recipe's bytes are those of its weights, of which nothing is known here
    attempt.begin("choosing")
    chosen = choose(attempt, job, workload, result)
    beside = _rivals(attempt, job, result, chosen.recipe)
    attempt.begin("scoring")
    for record in (chosen, *beside):
        if not attempt.store.scores(recipe=record.id):
            _judge(attempt, workload, record)
    if options.proxies:
        attempt.begin("comparing proxies")
        try:
            compare_proxies(attempt, workload, job.id)
        finally:
            cells = len(result.setup.cells)
            attempt.expect(cells, done=cells)


def _score(attempt: Attempt, job: Job, options: ScoreOptions) -> None:
    record = attempt.store.recipe(options.recipe)
    attempt.expect(1 if options.run is None else 2)
    workload = _open(attempt, job)
    attempt.begin("scoring")
    if not options.rivals or not _judged(attempt, record):
        _judge(attempt, workload, record)
    attempt.advance(1)
    if options.run is not None:
        _score_beside(attempt, job, workload, options, record.recipe)


def _score_beside(
    attempt: Attempt, job: Job, workload: "Workload", options: ScoreOptions, recipe: "Recipe"
) -> None:
    """Score what the recipe must beat, and what was not scored of it before."""
    try:
        result = attempt.store.sensitivities(options.run or "")
    except UnknownRunError:
        attempt.advance(2)
        return  # deleted while this job waited; the recipe has its score all the same
    most = None if options.rivals else 1
    beside = _rivals(attempt, job, result, recipe, hardware=options.hardware, most=most)
    attempt.expect(1 + len(beside), done=1)
    for done, record in enumerate(beside, 2):
        if not _judged(attempt, record):
            _judge(attempt, workload, record)
        attempt.advance(done)


def _judged(attempt: Attempt, record: RecipeRecord) -> bool:
    """Whether there is a score with its samples, so that it can be compared one by one."""
    found = attempt.store.scores(recipe=record.id)
    return bool(found) and bool(found[0].score.by_sample)


def _judge(attempt: Attempt, workload: "Workload", record: RecipeRecord) -> None:
    from analysis.scoring import score

    attempt.check()
    attempt.store.save_score(record.id, score(workload, record.recipe))


def _rivals(
    attempt: Attempt,
    job: Job,
    result: Sensitivities,
    recipe: "Recipe",
    *,
    hardware: str | None = None,
    most: int | None = None,
) -> list[RecipeRecord]:
    """What the recipe must beat, the uniform one at the same bytes first; kept once for a run.

    Empty where nothing else fits into so few bytes; `most` leaves the later ones out.
    """
    from analysis.allocation.rivals import rivals
    from analysis.hardware.catalogue import profile

    target = None if hardware is None else profile(hardware)
    found = rivals(result, recipe, profile=target)[:most]
    return [_kept(attempt, job, result, rival) for rival in found]


def _kept(attempt: Attempt, job: Job, result: Sensitivities, recipe: "Recipe") -> RecipeRecord:
    """A baseline in the store; equal ones are kept once for a run."""
    from analysis.allocation.predict import figures_of, predict

    for record in attempt.store.recipes(run=result.run):
        if record.origin == "baseline" and record.recipe == recipe:
            return record
    return attempt.store.save_recipe(
        recipe,
        owner=job.owner,
        run=result.run,
        origin="baseline",
        predicted=figures_of(predict(result, recipe)),
    )
