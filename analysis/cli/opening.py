"""From a workload's name to the workload, on one thread."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.workloads.workload import Workload


def open_workload(source: str) -> "Workload":
    """Load a workload; torch is imported here, so that other commands start without it.

    One torch thread, as in the app's worker: figures are then the same in both, and two threads
    are slower than one wherever anything else runs (torch's barrier waits).

    Raises:
        WorkloadError: it cannot be loaded.
    """
    import torch

    from analysis.workloads.load import load_workload

    torch.set_num_threads(1)
    return load_workload(source)
