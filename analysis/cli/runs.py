"""`quantscope runs`: what the run store holds."""

import time
from datetime import datetime
from typing import Annotated, Any

import typer

from analysis import serial
from analysis.cli.answer import Answer, JsonFlag, table
from analysis.cli.opening import open_store
from analysis.cli.progress import span
from analysis.runs.jobs import EVERYBODY
from analysis.runs.records import Job

app = typer.Typer(help="List stored runs; show, cancel or delete one.", rich_markup_mode=None)

RunArgument = Annotated[str, typer.Argument(metavar="ID", help="A run's id, as runs lists it.")]


@app.callback(invoke_without_command=True)
def runs(context: typer.Context, as_json: JsonFlag = False) -> Answer | None:
    """List stored runs, newest first."""
    if context.invoked_subcommand is not None:
        return None
    jobs = open_store().jobs()
    return Answer({"runs": [serial.to_plain(job) for job in jobs]}, _job_table(jobs))


@app.command("show")
def show(run: RunArgument, as_json: JsonFlag = False) -> Answer:
    """Show one run: its state, options and what it has measured."""
    store = open_store()
    job = store.job(run)
    document = {
        **serial.to_plain(job),
        "points": [serial.to_plain(point) for point in store.points(run)],
        "recipes": [
            {"id": record.id, "name": record.recipe.name, "origin": record.origin}
            for record in store.recipes(run=run)
        ],
    }
    return Answer(document, _job_text(job, document))


@app.command("cancel")
def cancel(run: RunArgument, as_json: JsonFlag = False) -> Answer:
    """Stop a run that waits or works; what it has measured stays."""
    store = open_store()
    store.cancel(run, owner=EVERYBODY)
    job = store.job(run)
    state = "stops after its present unit" if job.live else f"is {job.state}"
    return Answer({"id": run, "state": job.state}, f"Run {run} {state}.")


@app.command("delete")
def delete(run: RunArgument, as_json: JsonFlag = False) -> Answer:
    """Forget a run and its points; recipes made from it by people stay."""
    open_store().delete(run, owner=EVERYBODY)
    return Answer({"id": run, "deleted": True}, f"Run {run} is deleted.")


def _job_table(jobs: tuple[Job, ...]) -> str:
    if not jobs:
        return "No runs yet; 'quantscope sweep fashion-mnist' makes one."
    rows = [
        (job.id, job.kind, job.workload or job.source, job.state, _progress(job), _when(job))
        for job in jobs
    ]
    return table(("run", "kind", "workload", "state", "done", "created"), rows)


def _job_text(job: Job, document: dict[str, Any]) -> str:
    lines = [
        f"{job.kind} {job.id} of {job.workload or job.source}: {job.state}, {_progress(job)}",
        f"created {_when(job)} by {job.owner}",
        f"{len(document['points'])} points, {len(document['recipes'])} recipes",
    ]
    if job.eta_seconds is not None:
        lines.append(f"about {span(job.eta_seconds)} left")
    if job.error:
        lines.append(job.error)
    return "\n".join(lines)


def _progress(job: Job) -> str:
    return f"{job.done} of {job.total}" if job.total else "–"


def _when(job: Job) -> str:
    moment = datetime.fromtimestamp(job.created).astimezone()
    age = "" if time.time() - job.created > 86_400 else f" ({span(time.time() - job.created)} ago)"
    return f"{moment:%Y-%m-%d %H:%M}{age}"
