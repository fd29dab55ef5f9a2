"""Workloads whose channels are equalised first, by a form of their source; torch-free.

``equalized:digits`` is ``digits`` with `Workload.equalize` set. As part of the source it goes where
the source goes: into the store, to workers, to scores, and into every command.
"""

EQUALIZED = "equalized:"
TITLE = "{}, equalised"
"""Name of such a workload, from that of the plain one."""


def equalized(source: str) -> str:
    """The source with its channels equalised first."""
    return source if source.startswith(EQUALIZED) else f"{EQUALIZED}{source}"


def plain_source(source: str) -> str:
    """The source without what was asked for beside it."""
    return source.removeprefix(EQUALIZED)


def is_equalized(source: str) -> bool:
    """Whether channels are equalised first."""
    return source.startswith(EQUALIZED)
