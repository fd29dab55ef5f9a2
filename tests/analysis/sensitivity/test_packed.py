from dataclasses import replace

import numpy as np
import pytest

from analysis.errors import RunError
from analysis.sensitivity.packed import (
    document_interactions,
    pack_interactions,
    sweep_document,
    unpack_interactions,
)
from analysis.sensitivity.points import from_document
from tests.gram import make_interactions
from tests.sensitivities import make_sensitivities

RESULT = make_sensitivities(layers=8)


def test_a_document_carries_the_pairs() -> None:
    known = make_interactions(RESULT)
    document = sweep_document(RESULT, known)
    assert from_document(document) == RESULT
    read = document_interactions(document, RESULT.setup.cells)
    assert read is not None
    assert (read.cells, read.reliability, read.samples) == (known.cells, 1.0, 512)
    np.testing.assert_allclose(read.gram, known.gram, rtol=1e-6)
    np.testing.assert_array_equal(read.gram, read.gram.T)


def test_a_document_without_them_serves() -> None:
    document = sweep_document(RESULT, None)
    assert document_interactions(document, RESULT.setup.cells) is None
    assert from_document(document) == RESULT


def test_too_many_cells_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.sensitivity.packed.MOST_CELLS", 47)
    assert pack_interactions(make_interactions(RESULT)) is None


@pytest.mark.parametrize("change", [lambda text: text[:-8], lambda _: "no base64!", lambda _: ""])
def test_damage_is_told(change) -> None:
    packed = pack_interactions(make_interactions(RESULT))
    assert packed is not None
    broken = replace(packed, triangle=change(packed.triangle))
    with pytest.raises(RunError, match="48 cells"):
        unpack_interactions(RESULT.setup.cells, broken)
