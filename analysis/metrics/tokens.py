"""Metrics of language models."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from analysis.metrics.metric import Totals, check_classes, quotient, sums_and_counts
from analysis.sensitivity.points import Direction, Divergence


@dataclass(frozen=True, slots=True)
class Perplexity:
    """Exponential of the mean negative log-likelihood of the target tokens.

    Attributes:
        ignored: a target that is not counted, such as -100 for padding.
    """

    name: str = "perplexity"
    direction: Direction = "lower"
    divergence: Divergence = "kl"
    ignored: int | None = None

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: summed nats, counted. Output (samples, …, tokens), target (samples, …)."""
        check_classes(output, target, self.ignored)
        counted = None if self.ignored is None else target != self.ignored
        places = target if counted is None else torch.where(counted, target, 0)
        log_p = output.double().log_softmax(-1)
        nats = -log_p.gather(-1, places.unsqueeze(-1)).squeeze(-1)
        return sums_and_counts(nats, counted)

    def finish(self, totals: Totals) -> Totals:
        """exp(nats / counted)."""
        return np.asarray(np.exp(quotient(totals)))
