"""Models that take batches of one size alone, such as exported ones: data is cut to that size."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from analysis.errors import ModelError


def with_fixed_batch(model: nn.Module, size: int) -> nn.Module:
    """A copy of the model that takes any batch, and runs it in pieces of `size` samples.

    A piece that is too short is filled up with its last sample, whose outputs are left out. That
    changes nothing as long as samples do not influence one another.

    Raises:
        ModelError: the model cannot be copied or wrapped.
    """
    try:
        copy = deepcopy(model)
        kind = type(copy)

        def forward(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
            return _in_pieces(partial(kind.forward, self), size, args, kwargs)

        # A class of its own rather than a wrapper around it, so that its modules keep their names.
        copy.__class__ = type(
            kind.__name__, (kind,), {"forward": forward, "__module__": kind.__module__}
        )
    except Exception as error:
        raise ModelError(
            f"A model that takes batches of {size} alone must be one that can be copied, and "
            f"{type(model).__name__} is not ({type(error).__name__}); export it again with a batch "
            "size that may change."
        ) from error
    return copy


def _in_pieces(
    run: Callable[..., Any], size: int, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    leaves, form = pytree.tree_flatten((args, kwargs))
    samples = next(len(leaf) for leaf in leaves if isinstance(leaf, Tensor))
    if samples == size:
        return run(*args, **kwargs)
    results = []
    for start in range(0, samples, size):
        piece = [_piece(leaf, start, size, samples) for leaf in leaves]
        some, named = pytree.tree_unflatten(piece, form)
        results.append(run(*some, **named))
    return _joined(results, size, samples)


def _piece(leaf: Any, start: int, size: int, samples: int) -> Any:
    """Samples of one tensor, its last one repeated; other values as they are."""
    if not isinstance(leaf, Tensor) or leaf.dim() == 0 or len(leaf) != samples:
        return leaf
    part = leaf[start : start + size]
    missing = size - len(part)
    return torch.cat([part, part[-1:].expand(missing, *part.shape[1:])]) if missing else part


def _joined(results: Sequence[Any], size: int, samples: int) -> Any:
    """The outputs of the pieces side by side, without those of the repeated samples."""
    columns = [pytree.tree_flatten(result) for result in results]

    def column(leaves: tuple[Any, ...]) -> Any:
        first = leaves[0]
        if not isinstance(first, Tensor) or first.dim() == 0 or len(first) != size:
            return first
        return torch.cat(leaves)[:samples]

    joined = [column(leaves) for leaves in zip(*(leaves for leaves, _ in columns), strict=True)]
    return pytree.tree_unflatten(joined, columns[0][1])
