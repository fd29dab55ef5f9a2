"""Words of a quantiser; torch-free."""

from typing import Literal

RangeMethod = Literal[
    "minmax", "percentile", "mse", "msegain", "mean", "moving", "entropy", "dynamic"
]
Rounding = Literal["nearest", "gptq"]

WEIGHT_RANGES: tuple[RangeMethod, ...] = ("minmax", "percentile", "mse", "msegain", "mean")
ACTIVATION_RANGES: tuple[RangeMethod, ...] = (
    "minmax",
    "moving",
    "percentile",
    "mse",
    "entropy",
    "dynamic",
)
