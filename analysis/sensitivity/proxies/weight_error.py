"""Proxies that look at the weight alone."""

from collections.abc import Mapping
from math import inf, log10

from analysis.sensitivity.points import Cell
from analysis.sensitivity.proxies.ground import Ground

Figures = Mapping[str, Mapping[Cell, float]]
"""Proxy name to its figure for each cell."""


def decibels(signal: float, noise: float) -> float:
    """10 log10(signal / noise): inf without noise, also where there is no signal either."""
    if noise == 0:
        return inf
    return 10 * log10(signal / noise) if signal > 0 else -inf


def weight_errors(ground: Ground) -> Figures:
    """Mean squared error and signal-to-quantisation-noise ratio of each quantised weight."""
    mse: dict[Cell, float] = {}
    sqnr: dict[Cell, float] = {}
    for number, layer in enumerate(ground.layers):
        ground.watch(number / len(ground.layers))
        signal = float(ground.weight(layer).double().square().sum())
        for cell in ground.cells[layer.name]:
            noise = float(ground.error(layer, cell).square().sum())
            mse[cell] = noise / layer.parameters
            sqnr[cell] = decibels(signal, noise)
    return {"weight_mse": mse, "weight_sqnr_db": sqnr}
