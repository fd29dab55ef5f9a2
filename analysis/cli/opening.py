"""From what a person types to a workload and to the run store."""

from pathlib import Path
from typing import TYPE_CHECKING

from analysis.errors import RecipeMismatchError, UnknownWorkloadError
from analysis.runs.bundle import ensure_demo
from analysis.runs.store import RunStore
from analysis.sensitivity.points import Sensitivities
from analysis.workloads.cases.folders import added_cases, is_case
from analysis.workloads.catalogue import built_in_names
from analysis.workloads.equalized import equalized, is_equalized, plain_source
from analysis.workloads.zoo.cards import ZOO

if TYPE_CHECKING:
    from analysis.workloads.workload import Workload


def resolve_source(source: str) -> str:
    """A factory's path made absolute, since workers run elsewhere; names stay as they are.

    Raises:
        UnknownWorkloadError: there is no such file or built-in workload.
    """
    if is_equalized(source):
        return equalized(resolve_source(plain_source(source)))
    path, _, factory = source.rpartition(":")
    if path.endswith(".py"):
        file = Path(path).expanduser().resolve()
        if not file.is_file():
            raise UnknownWorkloadError(
                f"A factory must lie in a file that exists; there is no {str(file)!r}. "
                "Check the path."
            )
        return f"{file}:{factory}"
    if source not in (*built_in_names(), *ZOO) and not is_case(source):
        added = [stored.case.source for stored in added_cases()]
        raise UnknownWorkloadError(
            f"A workload must be built in ({', '.join(built_in_names())}), a factory such as "
            f"my_case.py:make, or registered with quantscope add"
            f"{' (' + ', '.join(added) + ')' if added else ''}; {source!r:.200} is none of these."
        )
    return source


def open_workload(source: str) -> "Workload":
    """Load a workload; torch is imported here, so that other commands start without it.

    One torch thread, as in the app's worker: figures are then the same in both, and two threads
    are slower than one wherever anything else runs (torch's barrier waits).

    Raises:
        WorkloadError: it cannot be loaded.
    """
    resolved = resolve_source(source)
    import torch

    from analysis.workloads.load import load_workload

    torch.set_num_threads(1)
    return load_workload(resolved)


def check_model(workload: "Workload", result: Sensitivities) -> None:
    """Refuse a workload whose model is not the one that was swept.

    Raises:
        RecipeMismatchError: its weights differ.
    """
    from analysis.workloads.subject import subject

    made, swept = subject(workload), result.setup.fingerprint
    if made.fingerprint != swept:
        raise RecipeMismatchError(
            f"The sweep is of other weights of {result.setup.workload!r} (fingerprint "
            f"{swept[:12]}, this model {made.fingerprint[:12]}); sweep this model."
        )


def open_store() -> RunStore:
    """The run store of this user, with the demo result in it as run "demo"."""
    store = RunStore()
    ensure_demo(store)
    return store
