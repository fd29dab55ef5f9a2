"""Which edges of a network are drawn, where all of them would hide it."""

from collections import defaultdict
from collections.abc import Sequence

from analysis.layers import Layer

Edge = tuple[str, str]

CROWDED = 3
"""Edges for each layer, on average, beyond which those that others imply are left out."""


def told_edges(layers: Sequence[Layer], edges: Sequence[Edge]) -> tuple[Edge, ...]:
    """All edges of a network, or of a crowded one those that no longer way implies.

    In a residual stream each layer reads the sum of all that was written before, so that edges grow
    with the square of the depth. What is left is the transitive reduction (Aho, Garey and Ullman,
    SIAM J. Comput. 1, 1972): the same layers lie behind each layer. Edges back to an earlier layer
    (loops) stay.

    Args:
        layers: in call order.
        edges: pairs of names, the maker first.
    """
    if len(edges) <= CROWDED * len(layers):
        return tuple(edges)
    order = {layer.name: place for place, layer in enumerate(layers)}
    pairs = [(order[maker], order[reader]) for maker, reader in edges]
    read: dict[int, set[int]] = defaultdict(set)
    for maker, reader in pairs:
        if maker < reader:
            read[reader].add(maker)
    behind = [0] * len(layers)  # sets of places, as bits
    implied: set[tuple[int, int]] = set()
    for place in range(len(layers)):
        further = 0
        for maker in read[place]:
            further |= behind[maker]
        implied |= {(maker, place) for maker in read[place] if further >> maker & 1}
        behind[place] = further | sum(1 << maker for maker in read[place])
    return tuple(edge for edge, pair in zip(edges, pairs, strict=True) if pair not in implied)
