"""The proxies of a sweep, computed by a job: pass by pass into the store."""

from typing import TYPE_CHECKING

from analysis.errors import RunError
from analysis.runs.attempt import Attempt
from analysis.runs.records import SweepOptions
from analysis.sensitivity.points import SweepSetup

if TYPE_CHECKING:
    from analysis.workloads.workload import Workload


def compare_proxies(attempt: Attempt, workload: "Workload", run: str) -> None:
    """Compute the proxies that a sweep lacks; progress is told in passes.

    Each pass is in the store before the next begins. The wish to stop is met between two batches.

    Raises:
        UnknownRunError: the sweep was deleted.
        RunError: the workload is not the one that was swept.
        CancelledError: the job is to stop.
    """
    from analysis.sensitivity.proxies.compute import PASSES, proxies

    store = attempt.store
    setup, options = store.sensitivities(run).setup, store.job(run).options
    _check_swept(setup, workload)
    known = {proxy.name for proxy in store.proxies(run)}
    attempt.expect(len(PASSES), done=sum(set(names) <= known for names in PASSES))
    seed = options.seed if isinstance(options, SweepOptions) else 0
    computed = proxies(workload, setup.cells, seed=seed, known=known, watch=attempt.advance)
    for proxy in computed:
        store.save_proxy(run, proxy)
    attempt.advance(len(PASSES))


def _check_swept(setup: SweepSetup, workload: "Workload") -> None:
    """Refuse to rank one model by the figures of another, or of other data."""
    from analysis.workloads.parts import count_samples
    from analysis.workloads.subject import subject

    made = subject(workload)
    now = {"fingerprint": made.fingerprint, "samples": count_samples(made.parts.sweep)}
    for name, value in now.items():
        if getattr(setup, name) != value:
            raise RunError(
                f"The workload must be the one that was swept, and its {name} changed since; "
                "sweep it again and compare the proxies of that run."
            )
