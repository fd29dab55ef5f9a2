"""How far the quantised output lies from the float output, sample by sample, in float64."""

from dataclasses import dataclass
from typing import assert_never

import torch
from torch import Tensor

from analysis.errors import ModelError
from analysis.sensitivity.points import Divergence


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The float output of one chunk, ready to be compared with.

    Attributes:
        output: (samples, …), as the model gave it.
        log_p: float64 log-softmax over the last axis for "kl", else None.
        scale: mean over the whole set of a sample's squared output norm, for "mse"; else 1.
    """

    kind: Divergence
    output: Tensor
    log_p: Tensor | None
    scale: float

    def divergence(self, actual: Tensor) -> Tensor:
        """Divergence of each sample, float64 (samples,); inf where the output is not finite.

        "kl": KL(softmax(reference) || softmax(actual)) in nats over the last axis, averaged over
        the axes between. "mse": squared error, relative to `scale`, so that the mean over a set
        is E|actual - reference|^2 / E|reference|^2.
        """
        if self.log_p is not None:
            log_q = actual.double().log_softmax(-1)
            terms = (self.log_p.exp() * (self.log_p - log_q)).sum(-1)
            values = terms.reshape(len(terms), -1).mean(1)
            # rounding can leave -1e-17 where the two agree; KL is never negative
            values = values.clamp_min(0.0)
        else:
            difference = actual.double() - self.output.double()
            values = difference.reshape(len(difference), -1).square().sum(1) / self.scale
        return torch.where(values.isnan(), torch.inf, values)


def squared_norms(output: Tensor) -> Tensor:
    """Squared norm of each sample's output, float64 (samples,)."""
    return output.double().reshape(len(output), -1).square().sum(1)


def reference_of(kind: Divergence, output: Tensor, scale: float) -> Reference:
    """Prepare one chunk's float output.

    Raises:
        ModelError: the float output is not finite, or zero throughout under "mse".
    """
    if not bool(torch.isfinite(output).all()):
        raise ModelError(
            "The float model's outputs must be finite; it gives NaN or infinity on this data. "
            "Check the weights and the preprocessing."
        )
    match kind:
        case "kl":
            return Reference(kind, output, output.double().log_softmax(-1), 1.0)
        case "mse":
            if scale <= 0:
                raise ModelError(
                    "The float model's outputs must not all be zero on the data; they are, "
                    "so no relative error exists. Check the data."
                )
            return Reference(kind, output, None, scale)
    assert_never(kind)
