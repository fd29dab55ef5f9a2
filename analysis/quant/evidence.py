"""What calibration tells of the inputs a weight is multiplied with."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

DAMPING = 0.01
"""Share of the mean diagonal added to it (GPTQ, arXiv 2210.17323, section 3.3, step 3)."""

MAX_DAMPING = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class HessianRoot:
    """The upper triangular U with H^-1 = U'U, columns taken in order of falling diagonal.

    Attributes:
        factor: U in that order, each row over its diagonal (GPTQ needs no more, and so the size of
            the inputs does not matter), dtype of the Hessian, (blocks, columns, columns).
        order: which column comes when, int64, (blocks, columns).
    """

    factor: Tensor
    order: Tensor

    @classmethod
    def of(cls, hessian: Tensor) -> Self:
        """Factorise H = X'X of each block of columns, (blocks, columns, columns).

        Columns that never saw an input take part in nothing. The diagonal is damped, more where
        rounding errors still spoil the factorisation.
        """
        diagonal = hessian.diagonal(dim1=-2, dim2=-1)
        order = diagonal.argsort(dim=-1, descending=True, stable=True)
        roots = [_root(block, places) for block, places in zip(hessian, order, strict=True)]
        return cls(torch.stack(roots), order)


def _root(hessian: Tensor, order: Tensor) -> Tensor:
    matrix = hessian[order][:, order]
    unseen = matrix.diagonal() == 0
    mean = matrix.diagonal().mean()
    matrix = matrix / torch.where(mean > 0, mean, 1.0)
    damping = DAMPING
    while True:
        damped = matrix.clone()
        damped.diagonal().add_(damping)
        damped.diagonal()[unseen] = 1.0
        # With J turning the order round, J H J = L L' gives H = (J L J)(J L J)', so that
        # (J L J)^-1 is upper triangular and its square H^-1: half the work of inverting H first.
        lower, failed = torch.linalg.cholesky_ex(damped.flip(0, 1))
        if not failed:
            root = _inverse_of_lower(lower).flip(0, 1)
            return root / root.diagonal().unsqueeze(1)
        if damping >= MAX_DAMPING:
            return torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
        damping *= 10


def _inverse_of_lower(lower: Tensor) -> Tensor:
    identity = torch.eye(len(lower), dtype=lower.dtype, device=lower.device)
    inverse: Tensor = torch.linalg.solve_triangular(lower, identity, upper=False)
    return inverse


@dataclass(frozen=True, slots=True, eq=False)
class LayerEvidence:
    """What calibration tells of the inputs of one layer's matrix product.

    Columns are the weights of one output channel in memory order; a grouped convolution has one
    block of columns for each of its groups, anything else a single block.

    Attributes:
        mean: mean of each input column, float64, (blocks, columns).
        root: of the Hessian; None where no spec asked for it.
    """

    mean: Tensor
    root: HessianRoot | None = None


def output_shift(weight: Tensor, actual: Tensor, evidence: LayerEvidence) -> Tensor:
    """Mean of what the layer's output lost, (W - W_hat) E[x], for each output channel.

    Bias correction adds it to the bias (Nagel et al., arXiv 1906.04721, section 4.2; the means are
    those of calibration, as in their section 4.2.2).

    Args:
        weight: with the output-channel axis first.
        actual: quantised, same shape.
        evidence: of the layer.

    Returns:
        float32, (channels,).
    """
    blocks, columns = evidence.mean.shape
    lost = (weight - actual).double().reshape(blocks, -1, columns)
    return (lost @ evidence.mean.unsqueeze(-1)).flatten().float()
