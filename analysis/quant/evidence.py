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
    """The unit upper triangular U of H = U D U' with D diagonal, columns by falling diagonal.

    Attributes:
        factor: U in that order, dtype of the Hessian, (blocks, columns, columns). The size of the
            inputs is in D and does not matter.
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
        return cls(torch.stack(roots) if len(roots) > 1 else roots[0].unsqueeze(0), order)


def _root(hessian: Tensor, order: Tensor) -> Tensor:
    # With J turning the order round, J H J = L L' gives H = (J L J)(J L J)', J L J upper.
    turned = order.flip(0)
    matrix = hessian[turned][:, turned]
    diagonal = matrix.diagonal()
    unseen, mean = diagonal == 0, diagonal.mean()
    matrix /= torch.where(mean > 0, mean, 1.0)
    damping = DAMPING
    diagonal += damping
    while damping <= MAX_DAMPING and mean.isfinite():
        diagonal[unseen] = 1.0
        lower, failed = torch.linalg.cholesky_ex(matrix)
        if not failed:
            unit: Tensor = lower / lower.diagonal()
            return unit.flip(0, 1)
        diagonal += 9 * damping
        damping *= 10
    return torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)


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
