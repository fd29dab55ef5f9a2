"""Metrics of outputs that are values: ratings, depths, positions."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from analysis.errors import ModelError
from analysis.metrics.metric import Totals, check_shape, quotient, sums_and_counts
from analysis.sensitivity.points import Direction, Divergence


@dataclass(frozen=True, slots=True)
class Rmse:
    """Root of the mean squared error, in the unit of the target (a rating, metres, …)."""

    name: str = "rmse"
    direction: Direction = "lower"
    divergence: Divergence = "mse"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: summed squares, counted. Output and target of one shape."""
        check_shape(output, target)
        return sums_and_counts((output.double() - target.double()) ** 2)

    def finish(self, totals: Totals) -> Totals:
        """sqrt(squares / counted)."""
        return np.asarray(np.sqrt(quotient(totals)))


@dataclass(frozen=True, slots=True)
class Mae:
    """Mean absolute error, in the unit of the target."""

    name: str = "mae"
    direction: Direction = "lower"
    divergence: Divergence = "mse"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: summed absolute errors, counted. Output and target of one shape."""
        check_shape(output, target)
        return sums_and_counts((output.double() - target.double()).abs())

    def finish(self, totals: Totals) -> Totals:
        """Errors divided by counted."""
        return quotient(totals)


def _depths(output: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Depths in float64, and where the target knows one: above 0."""
    check_shape(output, target)
    known = target > 0
    if not bool(known.reshape(len(known), -1).any()):
        raise ModelError(
            "Depths must be above 0 where they are known; none of a batch is. Check the targets."
        )
    return output.double(), torch.where(known, target.double(), 1.0), known


@dataclass(frozen=True, slots=True)
class AbsRel:
    """Mean of |depth - target| / target where the target is above 0 (Eigen et al., 1406.2283)."""

    name: str = "abs_rel"
    direction: Direction = "lower"
    divergence: Divergence = "mse"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: summed relative errors, known depths. Output and target of one shape."""
        depth, right, known = _depths(output, target)
        return sums_and_counts((depth - right).abs() / right, known)

    def finish(self, totals: Totals) -> Totals:
        """Errors divided by counted."""
        return quotient(totals)


@dataclass(frozen=True, slots=True)
class Delta1:
    """Share of known depths with max(depth / target, target / depth) < 1.25 (1406.2283)."""

    name: str = "delta1"
    direction: Direction = "higher"
    divergence: Divergence = "mse"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: close, known depths. A depth of 0 or less is never close."""
        depth, right, known = _depths(output, target)
        close = (depth < 1.25 * right) & (right < 1.25 * depth)
        return sums_and_counts(close, known)

    def finish(self, totals: Totals) -> Totals:
        """Close divided by counted."""
        return quotient(totals)
