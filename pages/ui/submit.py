"""Putting a job into the queue, for workloads that this server offers and for no others.

A source may name a Python file, and opening it runs it. Runs that were imported, and links, say
whatever their author wrote; so every job a browser asks for goes through here.
"""

from analysis.errors import UnknownWorkloadError
from analysis.runs.records import Job, JobKind, JobOptions
from analysis.workloads.cases.folders import find_case
from analysis.workloads.cases.record import UPLOAD
from analysis.workloads.catalogue import built_in_names
from analysis.workloads.equalized import plain_source
from pages.ui.state import command_line_sources, owner, store


def check_offered(source: str) -> None:
    """Refuse a workload that is no built-in, no upload, and was not named at the server's start.

    Raises:
        UnknownWorkloadError: the source is not offered; says how it can be.
    """
    source = plain_source(source)
    if source in built_in_names() or source in command_line_sources():
        return
    if source.startswith(UPLOAD):
        find_case(source)
        return
    raise UnknownWorkloadError(
        f"A workload must be a built-in, an upload, or named when the server starts, and "
        f"{source!r:.120} is none of them; start the server with: quantscope ui {source:.120}"
    )


def submit_job(kind: JobKind, source: str, options: JobOptions, *, workload: str = "") -> Job:
    """Put a job of this visitor into the queue.

    Raises:
        UnknownWorkloadError: the workload is not offered.
        QueueFullError: this visitor has too many queued jobs.
    """
    check_offered(source)
    return store().submit(kind, source, options, owner=owner(), workload=workload)
