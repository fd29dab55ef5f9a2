"""Interactions as text: what a document of a sweep carries of them."""

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis import serial
from analysis.errors import RunError
from analysis.sensitivity.interactions import Interactions
from analysis.sensitivity.points import Cell, Sensitivities, Stage, to_document

MOST_CELLS = 600
"""Of more cells the triangle is left out: 600 take about a megabyte of text."""


@dataclass(frozen=True, slots=True)
class PackedInteractions:
    """The pairwise terms of a sweep's cells, in the order of its setup.

    Attributes:
        stage: the stage whose shifts these are.
        samples: sweep samples behind them.
        reliability: agreement of the off-diagonals between two halves of the samples.
        triangle: upper triangle of the Gram matrix with its diagonal, row by row, as
            little-endian float32, deflated, in base64.
    """

    stage: Stage
    samples: int
    reliability: float
    triangle: str


def pack_interactions(known: Interactions) -> PackedInteractions | None:
    """The pairwise terms as text; None where there are more than `MOST_CELLS` cells."""
    count = len(known.cells)
    if count > MOST_CELLS:
        return None
    triangle = known.gram[np.triu_indices(count)].astype("<f4").tobytes()
    text = base64.b64encode(zlib.compress(triangle, level=9)).decode("ascii")
    return PackedInteractions(known.stage, known.samples, known.reliability, text)


def sweep_document(result: Sensitivities, known: Interactions | None) -> dict[str, object]:
    """The document of ``sweep --json``, with the pairwise terms under "interactions"."""
    packed = None if known is None else pack_interactions(known)
    body = None if packed is None else serial.to_plain(packed)
    return {**to_document(result), "interactions": body}


def document_interactions(
    document: Mapping[str, object], cells: Sequence[Cell]
) -> Interactions | None:
    """The pairwise terms in a document of a sweep; None where it has none.

    Raises:
        RunError: they are damaged.
    """
    body = document.get("interactions")
    if body is None:
        return None
    packed = serial.from_plain(PackedInteractions, body, RunError, "sweep document")
    return unpack_interactions(cells, packed)


def unpack_interactions(cells: Sequence[Cell], packed: PackedInteractions) -> Interactions:
    """What `pack_interactions` wrote, to float32's digits.

    Raises:
        RunError: the text is damaged, or of other cells.
    """
    count = len(cells)
    wanted = 4 * (count * (count + 1) // 2)
    try:
        unpacker = zlib.decompressobj()
        blob = unpacker.decompress(base64.b64decode(packed.triangle, validate=True), wanted + 1)
        blob = blob if unpacker.eof else b""
    except (ValueError, zlib.error):
        blob = b""
    values = np.frombuffer(blob, "<f4").astype(np.float64) if len(blob) == wanted else None
    if values is None or not np.isfinite(values).all():
        raise RunError(
            f"The interactions must hold the pairs of the sweep's {count} cells, and they do not; "
            "make the sweep document again."
        )
    gram = np.zeros((count, count))
    gram[np.triu_indices(count)] = values
    gram = gram + np.triu(gram, 1).T
    return Interactions(tuple(cells), gram, packed.reliability, packed.stage, packed.samples)
