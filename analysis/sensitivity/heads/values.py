"""Scores of attention heads, as values; torch-free."""

from dataclasses import dataclass
from typing import Literal

from analysis.sensitivity.points import Divergence

Part = Literal["q", "k", "v", "o"]
"""Projection of an attention layer: of queries, keys, values, or of the heads' output."""


@dataclass(frozen=True, slots=True)
class HeadRow:
    """One projection of one attention layer.

    Attributes:
        attention: path of the attention module.
        layer: name of the layer that holds the weight; q, k and v may share one.
        divergence: estimate for each head: its slice of the weight quantised, all else in float.
    """

    attention: str
    layer: str
    part: Part
    divergence: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class HeadScores:
    """Second-order estimates, never measurements, for every head of a model.

    Attributes:
        label: the spec of the weights.
        samples: sweep samples they were made from.
        total: of the sweep set; fewer samples were used where time ran out.
        error: median standard error of a figure, as a share of it.
        rows: attention layers in call order.
        left_out: attention layers without figures, each a sentence that says why.
    """

    label: str
    kind: Divergence
    samples: int
    total: int
    error: float
    rows: tuple[HeadRow, ...]
    left_out: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """Projections that have figures."""
        found = {row.part for row in self.rows}
        order: tuple[Part, ...] = ("q", "k", "v", "o")
        return tuple(part for part in order if part in found)
