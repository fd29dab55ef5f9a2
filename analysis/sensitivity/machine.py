"""What this machine has to compute with; torch-free."""

import os
from pathlib import Path

import psutil

_GROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)
"""Limit and use of this container's memory, in cgroups 2 and 1."""


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_bytes() -> int:
    """Memory that processes can still take: of the machine, or of its container if that is less."""
    free = int(psutil.virtual_memory().available)
    for limit, used in _GROUPS:
        left = _left(Path(limit), Path(used))
        if left is not None:
            free = min(free, left)
    return free


def _left(limit: Path, used: Path) -> int | None:
    """What a control group has left; None where it has no limit."""
    try:
        return max(int(limit.read_text()) - int(used.read_text()), 0)
    except (OSError, ValueError):  # no such group, or "max"
        return None
