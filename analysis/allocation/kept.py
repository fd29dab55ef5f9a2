"""What is made of a sweep again and again while somebody works with it, kept for the last few."""

from collections.abc import Callable, Hashable
from typing import Concatenate, ParamSpec, TypeVar

from analysis.sensitivity.points import Sensitivities

KEPT = 16
"""So many answers of one question; each holds its sweep, so that an id stands for one object."""

P = ParamSpec("P")
T = TypeVar("T")


def kept(
    ask: Callable[Concatenate[Sensitivities, P], T],
) -> Callable[Concatenate[Sensitivities, P], T]:
    """Answer a question about the same sweep object and equal arguments from memory.

    A sweep is a value that never changes, and comparing two would cost more than the answer.
    The arguments after it must be hashable, and nobody may change the answer.
    """
    known: dict[Hashable, tuple[Sensitivities, T]] = {}

    def answered(result: Sensitivities, /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (id(result), args, tuple(kwargs.items()))
        found = known.get(key)
        if found is None or found[0] is not result:
            found = known[key] = (result, ask(result, *args, **kwargs))
            while len(known) > KEPT:
                known.pop(next(iter(known)), None)
        return found[1]

    return answered
