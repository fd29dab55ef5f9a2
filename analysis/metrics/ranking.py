"""Metrics of ranked lists: hit rate and NDCG."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from analysis.errors import ModelError
from analysis.metrics.metric import Totals, check_classes, quotient
from analysis.sensitivity.points import Direction, Divergence


def _relevance(output: Tensor, target: Tensor) -> Tensor:
    """How much each candidate is wanted, float64 (lists, candidates), from either kind of target.

    Raises:
        ModelError: the target is neither the wanted candidate's place nor one value a candidate.
    """
    if output.dim() != 2:
        raise ModelError(
            f"Ranked lists must be outputs of shape (lists, candidates), one list a sample; the "
            f"model gives {tuple(output.shape)}. Set Workload(output=…)."
        )
    if target.shape == output.shape:
        return target.double().clamp_min(0.0)
    check_classes(output, target)
    return torch.zeros(output.shape, dtype=torch.float64).scatter_(1, target.unsqueeze(1), 1.0)


def _ranks(output: Tensor, relevance: Tensor) -> Tensor:
    """Place of each candidate in its list, from 1; of equal scores the wanted one comes last.

    A model that gives all candidates one score has ranked nothing and must not look good.
    """
    by_relevance = relevance.argsort(dim=1, stable=True)
    scores = output.double().gather(1, by_relevance)
    order = by_relevance.gather(1, scores.argsort(dim=1, descending=True, stable=True))
    places = torch.arange(1, output.shape[1] + 1).expand_as(order)
    return torch.empty_like(order).scatter_(1, order, places)


@dataclass(frozen=True, slots=True)
class HitRate:
    """HR@k: share of lists with a wanted candidate among the first k, in [0, 1].

    He et al., arXiv 1708.05031, section 4.1. A target is the wanted candidate's place in the list,
    or a value for each candidate, above 0 for the wanted ones.
    """

    k: int = 10
    direction: Direction = "higher"
    divergence: Divergence = "kl"
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"hr@{self.k}")

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: hit, counted (0 for a list without a wanted candidate)."""
        relevance = _relevance(output, target)
        wanted = relevance > 0
        hit = (wanted & (_ranks(output, relevance) <= self.k)).any(1)
        return torch.stack([hit, wanted.any(1)], 1).double()

    def finish(self, totals: Totals) -> Totals:
        """Hits divided by lists."""
        return quotient(totals)


@dataclass(frozen=True, slots=True)
class Ndcg:
    """NDCG@k: gains discounted by log2(1 + place), relative to the best order, in [0, 1].

    Järvelin and Kekäläinen, TOIS 20 (2002). Targets as for `HitRate`.
    """

    k: int = 10
    direction: Direction = "higher"
    divergence: Divergence = "kl"
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"ndcg@{self.k}")

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: NDCG, counted (0 for a list without a wanted candidate)."""
        relevance = _relevance(output, target)
        best = self._gain(relevance, _ranks(relevance, relevance))
        gained = self._gain(relevance, _ranks(output, relevance))
        counted = best > 0
        return torch.stack([torch.where(counted, gained / best, 0.0), counted.double()], 1)

    def _gain(self, relevance: Tensor, ranks: Tensor) -> Tensor:
        gains = relevance / torch.log2(1 + ranks.double())
        return torch.where(ranks <= self.k, gains, 0.0).sum(1)

    def finish(self, totals: Totals) -> Totals:
        """NDCG divided by lists."""
        return quotient(totals)
