"""How many samples are measured at once; torch-free."""

from collections.abc import Iterable
from math import prod

from analysis.layers import Layer

LAYER_OUTPUT_BYTES = 2 << 20
"""Aimed size of the largest layer output of one chunk: beyond, page faults cost more than the
dispatch that a larger chunk saves (METHODS 7.2). Five nets were fastest at 1 to 4 MiB, and 1.5 to
2.5 times slower at 16 MiB."""

MAX_CHUNK = 128


def chunk_size(layers: Iterable[Layer]) -> int:
    """Samples a chunk, from the largest layer output; the same on every machine."""
    sizes = (4 * prod(x.output_shape) for x in layers if x.output_shape is not None)
    return int(min(max(LAYER_OUTPUT_BYTES // max(sizes, default=1), 1), MAX_CHUNK))
