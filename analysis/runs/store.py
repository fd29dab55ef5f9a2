"""The run store: jobs and what they leave, shared by servers, workers and the command line."""

import os
import time
from collections.abc import Mapping
from uuid import uuid4

from sqlalchemy import delete

from analysis.allocation.calibration import Calibration
from analysis.allocation.groupings import Grouping
from analysis.errors import RunError
from analysis.paths import home_dir
from analysis.profiles import Inspection
from analysis.recipe import Recipe
from analysis.runs import inspections, jobs, recipes, results, transitions
from analysis.runs.database import Database
from analysis.runs.process import log_path
from analysis.runs.records import (
    Job,
    JobKind,
    JobOptions,
    RecipeRecord,
    RecipeTerms,
    ScoreRecord,
)
from analysis.runs.schema import jobs as job_table
from analysis.scores import Score
from analysis.sensitivity.interactions import Interactions, interactions_of
from analysis.sensitivity.packed import (
    PackedInteractions,
    pack_interactions,
    unpack_interactions,
)
from analysis.sensitivity.points import (
    CellSamples,
    Sensitivities,
    SweepCost,
    SweepPoint,
    SweepSetup,
)
from analysis.sensitivity.proxies.values import ProxyResult
from analysis.sensitivity.stability import Reliability

DATABASE_VARIABLE = "QUANTSCOPE_DATABASE"


class RunStore:
    """Everything that outlives a process; safe for many processes and threads at once.

    Each method is one transaction: it happens as a whole or not at all, and what it returns is of
    one moment. Values are frozen; nothing returned is bound to the store. Any method may raise
    `StorageError`. An id is a capability: who knows it may read, only its owner may change.

    Args:
        url: a SQLAlchemy URL; by default `QUANTSCOPE_DATABASE`, else a SQLite file in `home_dir()`.
    """

    def __init__(self, url: str | None = None) -> None:
        default = f"sqlite:///{home_dir().absolute() / 'quantscope.db'}"
        self.database = Database(url or os.environ.get(DATABASE_VARIABLE) or default)

    # Jobs -------------------------------------------------------------------------------------

    def submit(
        self, kind: JobKind, source: str, options: JobOptions, *, owner: str, workload: str = ""
    ) -> Job:
        """Queue a job; `pump` starts it.

        Raises:
            QueueFullError: the owner has too many queued jobs already.
            OptionError: an option is outside its range.
        """
        with self.database.writing() as connection:
            return jobs.submit(connection, kind, source, options, owner=owner, workload=workload)

    def job(self, job_id: str) -> Job:
        """One job.

        Raises:
            UnknownRunError: there is none of that id.
        """
        with self.database.reading() as connection:
            return jobs.fetch(connection, job_id)

    def jobs(self, *, owner: str | None = None, limit: int = 100) -> tuple[Job, ...]:
        """Jobs of one owner or of all, newest first."""
        with self.database.reading() as connection:
            return jobs.listing(connection, owner, limit)

    def cancel(self, job_id: str, *, owner: str) -> None:
        """Stop a job: at once while it waits, after the present unit while it runs.

        Raises:
            UnknownRunError: there is none of that id.
            RunError: it belongs to somebody else.
        """
        with self.database.writing() as connection:
            transitions.cancel(connection, job_id, owner)

    def resume(self, job_id: str, *, owner: str) -> None:
        """Queue a failed or cancelled job again; it goes on from its points.

        Raises:
            UnknownRunError: there is none of that id.
            RunError: it belongs to somebody else, or did not fail.
        """
        with self.database.writing() as connection:
            transitions.resume(connection, job_id, owner)

    def delete(self, job_id: str, *, owner: str) -> None:
        """Forget a job that does not run, and its points; recipes that people made from it stay.

        Raises:
            UnknownRunError: there is none of that id.
            RunError: it runs, is shared, or belongs to somebody else.
        """
        with self.database.writing() as connection:
            row = jobs.owned_row(connection, job_id, owner)
            if row.owner == jobs.SHARED:
                raise RunError("A shared run is there for everybody and cannot be deleted.")
            if row.state == "running":
                raise RunError("Only a run that does not work can be deleted; cancel it first.")
            connection.execute(delete(job_table).where(job_table.c.id == job_id))
            results.erase(connection, job_id)
            recipes.erase(connection, job_id)
            recipes.detach(connection, job_id)
        log_path(job_id).unlink(missing_ok=True)

    # Sweeps -----------------------------------------------------------------------------------

    def save_setup(self, run: str, setup: SweepSetup) -> None:
        """Keep what is known before the first point."""
        with self.database.writing() as connection:
            results.save_setup(connection, run, setup)

    def setup(self, run: str) -> SweepSetup | None:
        """What is known before the first point; None before the sweep began."""
        with self.database.reading() as connection:
            return results.setup_of(connection, run)

    def save_first_look(self, run: str, found: Sensitivities) -> None:
        """Keep an estimate of plain specs, to show until the sweep's own cells begin."""
        with self.database.writing() as connection:
            results.put_finding(connection, run, "first look", found)

    def first_look(self, run: str) -> Sensitivities | None:
        """An estimate of plain specs; None before it is made, and from the first own cell on."""
        with self.database.reading() as connection:
            return results.finding_of(connection, run, "first look", Sensitivities)

    def add(self, run: str, samples: CellSamples, point: SweepPoint) -> None:
        """Keep one finished unit: its raw figures, and the cell's point with them included."""
        with self.database.writing() as connection:
            results.put_samples(connection, run, samples)
            results.put_point(connection, run, point)

    def points(self, run: str) -> tuple[SweepPoint, ...]:
        """The newest point of each cell, in the order they were measured."""
        with self.database.reading() as connection:
            return results.points_of(connection, run)

    def samples(self, run: str) -> tuple[CellSamples, ...]:
        """All raw figures, from which an interrupted sweep goes on."""
        with self.database.reading() as connection:
            return results.samples_of(connection, run)

    def save_judgement(
        self, run: str, reliability: Reliability | None, notes: tuple[str, ...]
    ) -> None:
        """Keep how sure an ended sweep is, and what its user should know."""
        with self.database.writing() as connection:
            results.save_judgement(connection, run, reliability, notes)

    def save_cost(self, run: str, cost: SweepCost) -> None:
        """Keep what the sweep took so far; its setup must be there."""
        with self.database.writing() as connection:
            results.save_cost(connection, run, cost)

    def sensitivities(self, run: str) -> Sensitivities:
        """Everything the sweep has learnt so far.

        Raises:
            UnknownRunError: no sweep of that id has begun.
        """
        with self.database.reading() as connection:
            return results.sensitivities_of(connection, run)

    def save_interactions(self, run: str, known: Interactions) -> None:
        """Keep the pairwise terms of a sweep; more than fit are made from raw figures each time."""
        packed = pack_interactions(known)
        if packed is not None:
            with self.database.writing() as connection:
                results.put_finding(connection, run, "interactions", packed)

    def interactions(self, run: str) -> Interactions | None:
        """The pairwise terms of a sweep; None where its shifts were not kept or are not all in.

        Raises:
            UnknownRunError: no sweep of that id has begun.
        """
        with self.database.reading() as connection:
            cells = results.sensitivities_of(connection, run).setup.cells
            kind = PackedInteractions
            packed = results.finding_of(connection, run, "interactions", kind)
            if packed is not None:
                return unpack_interactions(cells, packed)
            return interactions_of(cells, results.samples_of(connection, run))

    def save_calibration(self, run: str, calibration: Calibration) -> None:
        """Keep what the measured recipes of the frontier tell of predictions."""
        with self.database.writing() as connection:
            results.put_finding(connection, run, "calibration", calibration)

    def calibration(self, run: str) -> Calibration | None:
        """What corrects a run's predictions; None where nothing was measured for it."""
        with self.database.reading() as connection:
            return results.finding_of(connection, run, "calibration", Calibration)

    def save_proxy(self, run: str, found: ProxyResult) -> None:
        """Keep a proxy of a sweep's weights; an earlier one of that name is replaced.

        Raises:
            UnknownRunError: no sweep of that id has begun, or it was deleted.
        """
        with self.database.writing() as connection:
            results.sensitivities_of(connection, run)
            results.put_proxies(connection, run, [found])

    def proxies(self, run: str) -> tuple[ProxyResult, ...]:
        """What proxies say of a sweep's weights; empty where none were computed."""
        with self.database.reading() as connection:
            return results.proxies_of(connection, run)

    def save_groups(self, run: str, edited: Grouping, *, owner: str) -> None:
        """Keep decision groups that somebody edited; they hold wherever the sweep is read.

        Raises:
            UnknownRunError: there is no run of that id.
            RunError: it belongs to somebody else.
        """
        with self.database.writing() as connection:
            jobs.owned_row(connection, run, owner)
            if edited.changed:
                results.put_finding(connection, run, "groups", edited)
            else:
                results.drop_finding(connection, run, "groups")

    def groups(self, run: str) -> Grouping:
        """What somebody changed of the decision groups that were found."""
        with self.database.reading() as connection:
            return results.finding_of(connection, run, "groups", Grouping) or Grouping()

    # Inspections ------------------------------------------------------------------------------

    def save_inspection(self, source: str, inspection: Inspection) -> None:
        """Keep what a look at a workload found."""
        with self.database.writing() as connection:
            inspections.put(connection, source, inspection, time.time())

    def inspection(self, fingerprint: str) -> Inspection | None:
        """The newest look at these weights."""
        with self.database.reading() as connection:
            return inspections.by_fingerprint(connection, fingerprint)

    def inspection_of(self, source: str) -> Inspection | None:
        """The newest look at what this source gives."""
        with self.database.reading() as connection:
            return inspections.by_source(connection, source)

    def sources(self) -> tuple[tuple[str, str], ...]:
        """Inspected sources with their workload's name, newest first."""
        with self.database.reading() as connection:
            return inspections.sources(connection)

    # Recipes and scores -----------------------------------------------------------------------

    def save_recipe(
        self,
        recipe: Recipe,
        *,
        owner: str,
        run: str | None = None,
        origin: str = "edited",
        predicted: Mapping[str, float] | None = None,
    ) -> RecipeRecord:
        """Keep a recipe under a new id; `predicted` holds named figures with it."""
        now = time.time()
        record = RecipeRecord(uuid4().hex, recipe, owner, run, origin, now, dict(predicted or {}))
        with self.database.writing() as connection:
            recipes.put(connection, record)
        return record

    def recipe(self, recipe_id: str) -> RecipeRecord:
        """One recipe.

        Raises:
            UnknownRunError: there is none of that id.
        """
        with self.database.reading() as connection:
            return recipes.fetch(connection, recipe_id)

    def recipes(
        self, fingerprint: str | None = None, run: str | None = None
    ) -> tuple[RecipeRecord, ...]:
        """Recipes of one model or run, newest first."""
        with self.database.reading() as connection:
            return recipes.listing(connection, fingerprint=fingerprint, run=run)

    def save_terms(self, recipe_id: str, terms: RecipeTerms) -> None:
        """Keep what a stored recipe was solved for."""
        with self.database.writing() as connection:
            results.put_finding(connection, recipe_id, "terms", terms)

    def terms(self, recipe_id: str) -> RecipeTerms | None:
        """What a stored recipe was solved for; None where nobody told."""
        with self.database.reading() as connection:
            return results.finding_of(connection, recipe_id, "terms", RecipeTerms)

    def recommended(self, run: str) -> RecipeRecord | None:
        """The recipe proposed after the sweep; None before that."""
        with self.database.reading() as connection:
            found = recipes.listing(connection, fingerprint=None, run=run, origin="recommended")
        return found[0] if found else None

    def save_score(self, recipe_id: str, score: Score) -> None:
        """Keep a score of a stored recipe.

        Raises:
            UnknownRunError: the recipe was deleted.
        """
        with self.database.writing() as connection:
            recipes.put_score(connection, recipe_id, score, time.time())

    def scores(
        self, fingerprint: str | None = None, run: str | None = None, recipe: str | None = None
    ) -> tuple[ScoreRecord, ...]:
        """Scores of one model, run or recipe, newest first."""
        with self.database.reading() as connection:
            return recipes.scores_of(connection, fingerprint=fingerprint, run=run, recipe=recipe)
