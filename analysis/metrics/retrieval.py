"""Recall of nearest neighbours among embeddings."""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.errors import ModelError
from analysis.metrics.metric import Counts, Rows, Totals
from analysis.sensitivity.points import Direction, Divergence

Flags = NDArray[np.bool_]

TILE = 512
"""Queries compared with all others at once."""


@dataclass(frozen=True, slots=True)
class RetrievalRecall:
    """Recall@k: share of samples with one of their own class among their k nearest, in [0, 1].

    Each sample is the query once and all others are the gallery (Jégou et al., PAMI 33 (2011);
    as in deep metric learning). Nearness is the cosine. Samples alone in their class do not count.
    In a resample the gallery stays whole and the queries are drawn.
    """

    k: int = 1
    direction: Direction = "higher"
    divergence: Divergence = "mse"
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"recall@{self.k}")

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: class, embedding. Output (samples, values), target (samples,).

        Raises:
            ModelError: the output is no embedding for each sample, or the target no class.
        """
        if output.dim() != 2 or target.shape != output.shape[:1] or target.is_floating_point():
            raise ModelError(
                f"Retrieval needs one embedding and one class number a sample; the model gives "
                f"{tuple(output.shape)} and the data {tuple(target.shape)}. Set "
                "Workload(output=…) or check the labels."
            )
        return torch.cat([target.double().unsqueeze(1), output.double()], 1)

    def pooled(self, rows: Rows, counts: Counts) -> Totals:
        """Hits of the drawn queries divided by their number; NaN where none counts."""
        hits, counted = _hits(rows[:, 1:], rows[:, 0], self.k)
        total = counts @ counted.astype(float)
        found = counts @ (hits & counted).astype(float)
        return np.asarray(
            np.divide(found, total, out=np.full(len(counts), np.nan), where=total > 0)
        )


def _hits(embeddings: Rows, classes: Rows, k: int) -> tuple[Flags, Flags]:
    """Whether each query finds its class, and whether there is another of it to be found."""
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = np.divide(embeddings, lengths, out=np.zeros_like(embeddings), where=lengths > 0)
    _, numbers, sizes = np.unique(classes, return_inverse=True, return_counts=True)
    hits = np.zeros(len(unit), bool)
    for start in range(0, len(unit), TILE):
        near = unit[start : start + TILE] @ unit.T
        near[np.arange(len(near)), np.arange(start, start + len(near))] = -np.inf
        nearest = np.argsort(-near, axis=1, kind="stable")[:, :k]
        own = numbers[start : start + TILE, None]
        hits[start : start + TILE] = (numbers[nearest] == own).any(1)
    return hits, sizes[numbers] > 1
