"""GPTQ: rounding in which the weights still to come make up for the error of those before."""

from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from analysis.quant.affine import FLOAT32_MAX, SMALLEST_SCALE, Grid
from analysis.quant.evidence import HessianRoot
from analysis.quant.levels import LevelGrid

BLOCK = 128
"""Columns rounded before their error is handed on to all that are left."""


def gptq_rows(rows: Tensor, grid: Grid | LevelGrid, root: HessianRoot) -> Tensor:
    """Rounded and rescaled weights with a small error of the layer's output.

    Frantar et al., arXiv 2210.17323, algorithm 1, on grids fixed beforehand, columns of large
    diagonal first; in the equivalent form of LDLQ (Chee et al., arXiv 2307.13304, theorem 6), which
    needs no inverse: with H = U D U', each later column j gains U_ij times the error w - q of i.

    Args:
        rows: one output channel a row, (channels, columns).
        grid: to broadcast against `rows`.
        root: of the layer's Hessian; each of its blocks belongs to a run of channels.

    Returns:
        Values of the grid, shape and dtype of `rows`.
    """
    blocks, columns = root.order.shape
    # Columns along the middle axis: what is read and written in one step lies together.
    places = root.order.unsqueeze(-1).expand(blocks, columns, len(rows) // blocks)

    def arranged(value: Tensor) -> Tensor:
        if value.numel() == 1:
            return value.reshape(1, 1, 1)
        turned = value.reshape(blocks, -1, value.shape[1]).transpose(1, 2)
        return turned.gather(1, places) if value.shape[1] == columns > 1 else turned

    # In units of a power of two, the largest weight between 1 and 2: no error can overflow.
    unit = 2.0 ** (torch.frexp(rows.abs().max())[1] - 1)
    # A scale far from all weights (of zeros, or the least that a format has) must stay a number.
    scale = (grid.scale / unit).clamp(SMALLEST_SCALE, FLOAT32_MAX)
    own = replace(grid, scale=scale).mapped(arranged)
    made = _rounded(arranged(rows / unit).contiguous(), own, root.factor.to(rows.dtype))
    result = torch.empty_like(made).scatter_(1, places, made).mul_(unit)
    return result.transpose(1, 2).reshape(rows.shape)


def _rounded(work: Tensor, grid: Grid | LevelGrid, factor: Tensor) -> Tensor:
    """All columns in turn; `work` is (blocks, columns, channels) and is used up."""
    original, made = work.clone(), torch.empty_like(work)
    for start in range(0, work.shape[1], BLOCK):
        stop = min(start + BLOCK, work.shape[1])
        errors = torch.empty_like(work[:, start:stop])
        for here in range(start, stop):
            column = work[:, here : here + 1]
            own = grid.mapped(partial(_column, number=here))
            rounded = own.nearest(column / own.scale).mul_(own.scale)
            made[:, here : here + 1] = rounded
            error = original[:, here : here + 1] - rounded
            errors[:, here - start : here - start + 1] = error
            following = factor[:, here, here + 1 : stop, None]
            work[:, here + 1 : stop].addcmul_(error, following)
        work[:, stop:] += factor[:, start:stop, stop:].transpose(1, 2) @ errors
    return made


def _column(value: Tensor, number: int) -> Tensor:
    """One column of what broadcasts along the middle axis."""
    return value if value.shape[1] == 1 else value[:, number : number + 1]
