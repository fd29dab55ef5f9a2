"""How sure a sweep is, as values."""

from dataclasses import dataclass

from analysis.sensitivity.terms import Stage, Target


@dataclass(frozen=True, slots=True)
class RankStability:
    """The ranking of the layers at one width, under resampling of the samples.

    Attributes:
        order: layers, most sensitive first.
        cuts: every k for which the k most sensitive layers are the same set in at least 95 % of
            the resamples.
        correlation: mean Spearman correlation of a resampled ranking with this one.
    """

    target: Target
    bits: int
    order: tuple[str, ...]
    cuts: tuple[int, ...]
    correlation: float

    @property
    def certain(self) -> int:
        """The largest certain cut within the worse half; 0 when there is none."""
        half = (len(self.order) + 1) // 2
        return max((cut for cut in self.cuts if cut <= half), default=0)

    @property
    def open(self) -> int:
        """Layers behind that cut, up to the next one, whose order is not certain."""
        after = [cut for cut in (*self.cuts, len(self.order)) if cut > self.certain]
        return min(after, default=self.certain) - self.certain

    @property
    def sentence(self) -> str:
        """For a person."""
        kind = "weights" if self.target == "weight" else "inputs"
        head = f"At {self.bits} bits ({kind}) "
        if len(self.order) < 2:
            return head + "there is one layer, so nothing to rank."
        if self.certain == 0:
            return head + f"the order of the {self.open} most sensitive layers is not certain."
        worst = f"layer {self.order[0]} is" if self.certain == 1 else f"{self.certain} layers are"
        tail = f"the order of the next {self.open} is not." if self.open > 1 else "so is the next."
        return head + f"the most sensitive {worst} certain; {tail}"


@dataclass(frozen=True, slots=True)
class Reliability:
    """How sure a sweep is.

    Attributes:
        stage: the stage whose figures were resampled.
        samples: sweep samples behind them.
        interactions: split-half reliability of the pairwise terms; None where there are none.
        ranks: one for each target and width.
    """

    stage: Stage
    samples: int
    interactions: float | None
    ranks: tuple[RankStability, ...]

    def rank(self, target: Target, bits: int) -> RankStability | None:
        """The ranking at one width."""
        for rank in self.ranks:
            if (rank.target, rank.bits) == (target, bits):
                return rank
        return None
