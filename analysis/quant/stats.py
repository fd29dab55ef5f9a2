"""What was seen of a tensor, as values without torch."""

from dataclasses import dataclass

from analysis.quant.spec import QuantSpec


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts over equal bins from `low` to `high`."""

    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TensorStats:
    """Moments and extremes of one tensor.

    Attributes:
        count: number of values seen.
        zeros: share of exact zeros.
        kurtosis: excess kurtosis; 0 for a normal distribution.
        outliers: share of values beyond 4 standard deviations.
        constant: whether all values are equal.
    """

    count: int
    minimum: float
    maximum: float
    mean: float
    std: float
    zeros: float
    kurtosis: float
    outliers: float
    constant: bool


@dataclass(frozen=True, slots=True)
class SpecEffect:
    """What one spec does to one weight tensor.

    Attributes:
        sqnr_db: 10 log10(sum x^2 / sum (x - x_hat)^2) over the whole tensor; inf when exact.
        clipped: share of values outside the range.
        scale: smallest and largest scale over channels (or groups).
        grid: values the codes stand for, for the widest channel; at most 256 of them.
        looked_up_db: the same ratio with every row of an embedding table counted as often as
            calibration reads it; None for other weights and tables that are not read.
    """

    spec: QuantSpec
    sqnr_db: float
    clipped: float
    scale: tuple[float, float]
    grid: tuple[float, ...]
    looked_up_db: float | None = None
