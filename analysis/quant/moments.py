"""Mean, spread and tails of a stream of values, in one pass."""

from dataclasses import dataclass
from math import nan, sqrt

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums of powers of the distance from the mean, in float64.

    Attributes:
        m2, m3, m4: sums of the second, third and fourth powers.
    """

    count: int = 0
    mean: float = 0.0
    m2: float = 0.0
    m3: float = 0.0
    m4: float = 0.0

    @classmethod
    def of(cls, values: Tensor) -> "Moments":
        """Moments of a flat tensor that holds at least one value."""
        distance = values.to(torch.float64, copy=True)
        # From the first value, so that a constant has no spread at all, not even from rounding.
        first = distance[0].item()
        distance -= first
        mean = distance.mean().item()
        distance -= mean
        squares = distance.square()
        return cls(
            values.numel(),
            first + mean,
            squares.sum().item(),
            torch.dot(squares, distance).item(),
            torch.dot(squares, squares).item(),
        )

    def merged(self, other: "Moments") -> "Moments":
        """Moments of both sets of values (Pébay, SAND2008-6212)."""
        if self.count == 0 or other.count == 0:
            return other if self.count == 0 else self
        a, b, n = self.count, other.count, self.count + other.count
        delta = other.mean - self.mean
        part = delta / n
        square = delta * part * a * b
        return Moments(
            count=n,
            mean=self.mean + part * b,
            m2=self.m2 + other.m2 + square,
            m3=self.m3
            + other.m3
            + square * part * (a - b)
            + 3.0 * part * (a * other.m2 - b * self.m2),
            m4=self.m4
            + other.m4
            + square * part * part * (a * a - a * b + b * b)
            + 6.0 * part * part * (a * a * other.m2 + b * b * self.m2)
            + 4.0 * part * (a * other.m3 - b * self.m3),
        )

    @property
    def std(self) -> float:
        """Standard deviation of the values themselves (divided by the count)."""
        return sqrt(self.m2 / self.count)

    @property
    def kurtosis(self) -> float:
        """Excess kurtosis, 0 for a normal distribution; NaN where there is no spread."""
        return self.count * self.m4 / (self.m2 * self.m2) - 3.0 if self.m2 else nan

    @property
    def energy(self) -> float:
        """Sum of the squared values."""
        return self.m2 + self.count * self.mean * self.mean
