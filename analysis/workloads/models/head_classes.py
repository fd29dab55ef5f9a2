"""How many classes a head was trained for, told from the shapes of its weights alone."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import Tensor, nn

from analysis.workloads.models.skeletons import on_meta

_TWO = (37, 41)
"""Two numbers of classes: a shape that differs between them is one of the head."""


def class_options(make: Callable[..., nn.Module], state: Mapping[str, Tensor]) -> dict[str, int]:
    """``num_classes`` where the network's own number does not fit; else nothing.

    A head of k classes has a * k + b rows: a anchors of a detector, b for a background. Both follow
    from building it twice, without memory for the values.

    Args:
        make: builds the network; takes ``num_classes`` by keyword.
        state: the weights; without any of the head they have 0 classes.
    """
    if _fits(on_meta(make).state_dict(), state):
        return {}
    small, large = (on_meta(partial(make, num_classes=n)).state_dict() for n in _TWO)
    head = [name for name in small if small[name].shape != large[name].shape]
    if not head:
        return {}
    name = next((name for name in head if name in state), None)
    if name is None:
        return {"num_classes": 0}
    found = _classes(*(tuple(each.shape) for each in (small[name], large[name], state[name])))
    return {} if found is None else {"num_classes": found}


def _fits(expected: Mapping[str, Any], state: Mapping[str, Tensor]) -> bool:
    return expected.keys() == state.keys() and all(
        state[name].shape == x.shape for name, x in expected.items()
    )


def _classes(small: tuple[int, ...], large: tuple[int, ...], found: tuple[int, ...]) -> int | None:
    """The number of classes that makes a tensor of the head as it was found."""
    axis = next(i for i, (a, b) in enumerate(zip(small, large, strict=True)) if a != b)
    if len(found) != len(small):
        return None
    rows = (large[axis] - small[axis]) // (_TWO[1] - _TWO[0])
    classes, rest = divmod(found[axis] - small[axis] + rows * _TWO[0], rows)
    return classes if not rest and classes > 0 else None
