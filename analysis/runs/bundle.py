"""A run as one JSON document: exported, imported, shipped as the demo."""

import gzip
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection, delete, insert, select

from analysis import serial
from analysis.allocation.calibration import Calibration
from analysis.errors import RunError
from analysis.paths import assets_dir
from analysis.profiles import Inspection
from analysis.runs import inspections, recipes, results
from analysis.runs.jobs import SHARED, sweep_keywords
from analysis.runs.packing import pack
from analysis.runs.records import Job, RecipeRecord, ScoreRecord, SweepOptions
from analysis.runs.schema import facts, jobs
from analysis.runs.store import RunStore
from analysis.sensitivity.families import families_of, scheme_words
from analysis.sensitivity.packed import PackedInteractions, pack_interactions
from analysis.sensitivity.points import SweepCost, SweepPoint, SweepSetup
from analysis.sensitivity.proxies.values import ProxyResult
from analysis.sensitivity.stability import Reliability

BUNDLE_VERSION = 1
_TOLD = {"method", "bits", "target"} | {
    f"{target}_{what}"
    for target in ("weight", "activation")
    for what in ("spec", "scheme", "families")
}
"""Options of a sweep whose words need more than their value."""
DEMO_RUN = "demo"

_RECIPE_IDS = UUID("6f1b2f5e-2f0e-4b53-9d0c-2f6a4c1d7e90")


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a bundle tells of its job."""

    source: str
    workload: str
    fingerprint: str
    options: SweepOptions
    created: float
    started: float
    ended: float
    attempt: int


@dataclass(frozen=True, slots=True)
class _Bundle:
    """The document; raw samples stay behind."""

    version: int
    command: str
    job: _Facts
    setup: SweepSetup
    points: tuple[SweepPoint, ...]
    cost: SweepCost
    inspection: Inspection
    recipes: tuple[RecipeRecord, ...]
    scores: tuple[ScoreRecord, ...]
    reliability: Reliability | None = None
    notes: tuple[str, ...] = ()
    interactions: PackedInteractions | None = None
    calibration: Calibration | None = None
    proxies: tuple[ProxyResult, ...] = ()


def command_line(job: Job) -> str:
    """The command that gives the same figures as this sweep.

    Raises:
        RunError: the job is no sweep.
    """
    if not isinstance(job.options, SweepOptions):
        raise RunError("Only a sweep has a command of its own; choose a sweep.")
    told = job.options
    options, usual = sweep_keywords(told), sweep_keywords(SweepOptions())
    words = ["quantscope", "sweep", job.source, "--method", told.method]
    words += ["--bits", ",".join(map(str, told.bits)), "--target", told.target]
    if told.target != "activation":
        families = told.weight_families or (told.weight_spec,)
        words += scheme_words("weight", told.weight_scheme, told.weight_spec, families)
    if told.target != "weight":
        families = told.activation_families or families_of([told.activation_spec])
        words += scheme_words("activation", told.activation_scheme, told.activation_spec, families)
    for name in sorted(options.keys() - _TOLD):
        if options[name] != usual[name]:
            words += [f"--{name}", str(options[name])]
    words += ["--proxies"] if job.options.proxies else []
    return shlex.join([*words, "--json"])


def export_bundle(store: RunStore, run: str) -> dict[str, Any]:
    """A finished sweep with its inspection, recipes and scores, ready for `json.dumps`.

    Raises:
        UnknownRunError: there is none of that id.
        RunError: the run is no finished sweep.
    """
    job, result = store.job(run), store.sensitivities(run)
    inspection = store.inspection(result.setup.fingerprint)
    if job.state != "done" or inspection is None or not isinstance(job.options, SweepOptions):
        raise RunError(f"Only a finished sweep can be exported, and this one is {job.state}.")
    known = store.interactions(run)
    bundle = _Bundle(
        version=BUNDLE_VERSION,
        command=command_line(job),
        job=_Facts(
            source=job.source,
            workload=job.workload,
            fingerprint=result.setup.fingerprint,
            options=job.options,
            created=job.created,
            started=job.started or job.created,
            ended=job.ended or job.created,
            attempt=job.attempt,
        ),
        setup=result.setup,
        points=result.points,
        cost=result.cost,
        inspection=inspection,
        recipes=store.recipes(run=run),
        scores=store.scores(run=run),
        reliability=result.reliability,
        notes=result.notes,
        interactions=pack_interactions(known) if known is not None else None,
        calibration=store.calibration(run),
        proxies=store.proxies(run),
    )
    plain: dict[str, Any] = serial.to_plain(bundle)
    return plain


def import_bundle(
    store: RunStore, document: Mapping[str, Any], run: str, *, owner: str = SHARED
) -> None:
    """Put an exported run into a store; doing it again changes nothing.

    Its figures stay its own: what this store knows of the same workload is neither replaced nor
    hidden, because a document from outside may say anything.

    Args:
        store: where to.
        document: what `export_bundle` gave.
        run: the id it gets; one that is there is replaced.
        owner: who sees it listed and may delete it; by default everybody sees it, for good.

    Raises:
        RunError: the document is damaged or of another version.
    """
    bundle = _parsed(document)
    with store.database.writing() as connection:
        _put(connection, bundle, run, owner)
        inspections.put_from_outside(connection, bundle.job.source, bundle.inspection)


def ensure_demo(store: RunStore, folder: Path | None = None) -> None:
    """Have the shipped demo result in the store, as run "demo".

    Args:
        store: where to.
        folder: holds ``result.json`` or ``result.json.gz``; by default the shipped assets.

    Raises:
        RunError: the shipped file is damaged.
    """
    content = _demo_bytes(folder if folder is not None else assets_dir() / "demo")
    if content is None:
        return
    digest = sha256(content).hexdigest()
    with store.database.reading() as connection:
        held = connection.scalar(select(facts.c.value).where(facts.c.name == DEMO_RUN))
    if held == digest:
        return
    bundle = _parsed(serial.parse_object(content.decode(), RunError, "run bundle"))
    with store.database.writing() as connection:
        _put(connection, bundle, DEMO_RUN, SHARED)
        inspections.put(connection, bundle.job.source, bundle.inspection, bundle.job.ended)
        connection.execute(delete(facts).where(facts.c.name == DEMO_RUN))
        connection.execute(insert(facts).values(name=DEMO_RUN, value=digest))


def _demo_bytes(folder: Path) -> bytes | None:
    plain, packed = folder / "result.json", folder / "result.json.gz"
    if plain.is_file():
        return plain.read_bytes()
    if not packed.is_file():
        return None
    try:
        return gzip.decompress(packed.read_bytes())
    except (OSError, EOFError) as error:
        raise RunError(f"The shipped {packed} is damaged ({error}); install again.") from None


def _parsed(document: Mapping[str, Any]) -> _Bundle:
    version = document.get("version")
    if version != BUNDLE_VERSION:
        raise RunError(
            f"This program reads run bundles of version {BUNDLE_VERSION}, not {version!r:.20}; "
            "export the run again with this version."
        )
    return serial.from_plain(_Bundle, dict(document), RunError, "run bundle")


def _put(connection: Connection, bundle: _Bundle, run: str, owner: str) -> None:
    """Replace the run; recipes that people made from it stay."""
    connection.execute(delete(jobs).where(jobs.c.id == run))
    results.erase(connection, run)
    recipes.erase(connection, run)
    connection.execute(insert(jobs).values(_job_row(bundle, run, owner)))
    results.save_setup(connection, run, bundle.setup)
    results.save_cost(connection, run, bundle.cost)
    results.save_judgement(connection, run, bundle.reliability, bundle.notes)
    for point in bundle.points:
        results.put_point(connection, run, point)
    if bundle.interactions is not None:
        results.put_finding(connection, run, "interactions", bundle.interactions)
    if bundle.calibration is not None:
        results.put_finding(connection, run, "calibration", bundle.calibration)
    if bundle.proxies:
        results.put_proxies(connection, run, bundle.proxies)
    for record in bundle.recipes:
        own = replace(record, id=_own_id(run, record.id), run=run, owner=owner)
        recipes.forget_scores(connection, own.id)
        recipes.put(connection, own)
    for scored in bundle.scores:
        recipes.put_score(connection, _own_id(run, scored.recipe_id), scored.score, scored.created)


def _job_row(bundle: _Bundle, run: str, owner: str) -> dict[str, Any]:
    told = bundle.job
    return {
        "id": run,
        "kind": "sweep",
        "source": told.source,
        "workload": told.workload,
        "fingerprint": told.fingerprint,
        "owner": owner,
        "options": pack(told.options),
        "state": "done",
        "created": told.created,
        "started": told.started,
        "ended": told.ended,
        "attempt": told.attempt,
        "done": len(bundle.setup.cells),
        "total": len(bundle.setup.cells),
    }


def _own_id(run: str, recipe_id: str) -> str:
    """The id of a bundled recipe in this run: the same at each import, and on each machine."""
    return uuid5(_RECIPE_IDS, f"{run} {recipe_id}").hex
