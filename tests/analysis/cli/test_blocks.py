import pytest

from analysis.cli.blocks import blocks_document, blocks_text
from tests.gram import make_interactions
from tests.sensitivities import make_sensitivities


def test_the_document_has_every_block_and_width_with_its_layers() -> None:
    result = make_sensitivities(16, bits=(2, 4))
    found = blocks_document(result, make_interactions(result))
    blocks = {entry["block"]: entry["layers"] for entry in found}
    assert {layer for layers in blocks.values() for layer in layers} <= {
        layer.name for layer in result.layers
    }
    assert all(len(layers) > 1 for layers in blocks.values())
    assert len(found) == 2 * len(blocks)
    for entry in found:
        assert entry["divergence"] == pytest.approx(entry["alone"] + entry["pairs"])


def test_the_text_says_what_the_estimate_is_made_of() -> None:
    result = make_sensitivities(16, bits=(2, 4))
    told = blocks_text(result, make_interactions(result))
    assert "≈ estimated, not measured" in told
    assert "add to each other" in told
    assert "stage1.0" in told
    assert "the sum of the layers' own figures" in blocks_text(result, None)


def test_a_net_without_blocks_has_neither() -> None:
    result = make_sensitivities(2, bits=(4,))
    assert blocks_document(result, None) == []
    assert blocks_text(result, None) == ""
