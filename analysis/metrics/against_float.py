"""Metrics that compare with the float model's own output; they need no labels."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from analysis.metrics.metric import Totals, check_shape, quotient, sums_and_counts
from analysis.sensitivity.points import Direction, Divergence


@dataclass(frozen=True, slots=True)
class Agreement:
    """Share of answers with the same largest output as the float model, in [0, 1]."""

    name: str = "agreement"
    direction: Direction = "higher"
    divergence: Divergence = "kl"
    compared_with: Literal["float output"] = "float output"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: same, counted. Output and float output (samples, …, classes)."""
        check_shape(output, target)
        return sums_and_counts(output.argmax(-1) == target.argmax(-1))

    def finish(self, totals: Totals) -> Totals:
        """Same divided by counted."""
        return quotient(totals)


@dataclass(frozen=True, slots=True)
class NextTokenAgreement:
    """Share of positions whose most likely next token is that of the float model, in [0, 1]."""

    name: str = "next_token_agreement"
    direction: Direction = "higher"
    divergence: Divergence = "kl"
    compared_with: Literal["float output"] = "float output"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: same, counted. Output and float output (samples, positions, tokens)."""
        return Agreement().statistics(output, target)

    def finish(self, totals: Totals) -> Totals:
        """Same divided by counted."""
        return quotient(totals)


@dataclass(frozen=True, slots=True)
class Cosine:
    """Mean cosine between each sample's output and the float model's, in [-1, 1].

    The last axis is the embedding; a position whose output or float output is zero throughout has
    no direction and counts 1 where both are, else 0.
    """

    name: str = "cosine"
    direction: Direction = "higher"
    divergence: Divergence = "mse"
    compared_with: Literal["float output"] = "float output"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: summed cosines, counted. Output and float output (samples, …, values)."""
        check_shape(output, target)
        x, y = output.double(), target.double()
        lengths = x.norm(dim=-1) * y.norm(dim=-1)
        # rounding can leave 1 + 1e-16
        cosine = ((x * y).sum(-1) / lengths).clamp(-1, 1)
        both_zero = (x == 0).all(-1) & (y == 0).all(-1)
        return sums_and_counts(torch.where(lengths > 0, cosine, both_zero.double()))

    def finish(self, totals: Totals) -> Totals:
        """Cosines divided by counted."""
        return quotient(totals)
