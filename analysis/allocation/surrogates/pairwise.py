"""Single figures plus what pairs of errors add to each other, or cancel."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.allocation.options import Group
from analysis.allocation.problem import Floats, Integers
from analysis.allocation.surrogates.surrogate import SurrogateName, cells_of, owners
from analysis.sensitivity.interactions import Interactions, pair_scales
from analysis.sensitivity.points import Sensitivities

SINGLE_PRECISION = 2_000
"""Beyond so many options the pairs are kept in float32: 8,000 options take 256 MB."""


@dataclass(slots=True, eq=False)
class Pairwise:
    """D(o) = o' G o: measured divergences on the diagonal, output shifts' products beside it.

    The picks of the last call and their field (G times the picked options) are remembered, so
    that a search that moves on by a few groups pays for those groups alone.

    Attributes:
        alone: divergence of each option alone, (options).
        pairs: what two options of different groups add, (options, options), symmetric; 0 within a
            group.
        starts: where each group's options begin, (groups + 1).
    """

    alone: Floats
    pairs: NDArray[np.floating]
    starts: Integers
    name: SurrogateName = "pairwise"
    breadth: int = field(default=3_000, init=False)
    _owner: Integers = field(init=False)
    _picks: Integers | None = field(default=None, init=False)
    _field: Floats = field(init=False)

    def __post_init__(self) -> None:
        self._owner = owners(self.starts)
        self._field = np.zeros(len(self.alone))

    @classmethod
    def of(
        cls,
        result: Sensitivities,
        groups: Sequence[Group],
        interactions: Interactions,
        weight: float | None = None,
        name: SurrogateName = "pairwise",
    ) -> Self | None:
        """The estimate for the options of a problem.

        The measured divergences s stay on the diagonal. Off it stand the shifts' correlations
        times sqrt(s_i s_j), so that cells whose measured divergence exceeds the second-order one
        (2 bits) interact in proportion, and G stays positive semi-definite for weights up to 1.

        Args:
            result: the sweep.
            groups: its decision groups.
            interactions: pairwise terms of its cells.
            weight: how far to trust the off-diagonals; None takes that of their reliability.
            name: of the estimate.

        Returns:
            None where an option quantises a cell whose shifts are not known.
        """
        options = cells_of(groups)
        place = {cell: number for number, cell in enumerate(interactions.cells)}
        if any(cell not in place for cells in options for cell in cells):
            return None
        trust = interactions.weight if weight is None else weight
        cells = _trusted(result, interactions, trust)
        rows = [number for number, cells in enumerate(options) for _ in cells]
        columns = [place[cell] for cells in options for cell in cells]
        ones = np.ones(len(rows), cells.dtype)
        member = csr_array((ones, (rows, columns)), shape=(len(options), len(place)))
        pairs = member @ (member @ cells).T
        starts = np.cumsum([0, *(len(group.options) for group in groups)])
        alone = np.diag(pairs).astype(np.float64)
        for start, end in pairwise(starts):
            pairs[start:end, start:end] = 0.0
        return cls(alone, pairs, starts, name)

    def value(self, picks: Integers) -> float:
        """The quadratic form."""
        self._move_to(picks)
        return float(self.alone[picks].sum() + self._field[picks].sum())

    def singles(self, picks: Integers) -> Floats:
        """Exact."""
        value = self.value(picks)
        marginal = self.alone + 2 * self._field
        before = picks[self._owner]
        # pairs are 0 within a group, so the option that leaves meets nothing of its own
        return np.asarray(value + marginal - marginal[before])

    def moves(self, picks: Integers, candidates: Integers) -> Floats:
        """The quadratic form after each move."""
        value = self.value(picks)
        before = picks[self._owner[candidates]]
        marginal = self.alone + 2 * self._field
        change = (marginal[candidates] - marginal[before]).sum(1)
        for first in range(candidates.shape[1]):
            for second in range(first):
                change += 2 * self._together(candidates, before, first, second)
        return np.asarray(value + change)

    def _together(
        self, after: Integers, before: Integers, first: int, second: int
    ) -> NDArray[np.floating]:
        """What two moved groups add to each other, less what the field counted already."""
        a, a0, b, b0 = after[:, first], before[:, first], after[:, second], before[:, second]
        pairs = self.pairs
        return np.asarray(pairs[a, b] - pairs[a, b0] - pairs[a0, b] + pairs[a0, b0])

    def _move_to(self, picks: Integers) -> None:
        """Bring the field to these picks."""
        if self._picks is None or 2 * np.count_nonzero(self._picks != picks) > len(picks):
            self._field = self.pairs[picks].sum(0, dtype=np.float64)
        else:
            for group in np.flatnonzero(self._picks != picks):
                self._field += self.pairs[picks[group]]
                self._field -= self.pairs[self._picks[group]]
        self._picks = picks.copy()


def _trusted(
    result: Sensitivities, interactions: Interactions, trust: float
) -> NDArray[np.floating]:
    """Gram matrix of the cells: measured divergences on the diagonal, trusted terms off it."""
    alone = {point.cell: point.divergence for point in result.points}
    figures = np.array([alone.get(cell, 0.0) for cell in interactions.cells])
    measured = np.where(np.isfinite(figures), figures, 0.0)  # such a cell is no option
    scale = pair_scales(np.diag(interactions.gram), measured, trust)
    if len(measured) <= SINGLE_PRECISION:
        cells: NDArray[np.floating] = interactions.gram * np.outer(scale, scale)
    else:
        small = scale.astype(np.float32)
        cells = interactions.gram.astype(np.float32)
        np.multiply(cells, small[:, None], out=cells)
        np.multiply(cells, small[None, :], out=cells)
    np.fill_diagonal(cells, measured)
    return cells
