from itertools import pairwise

import pytest

from analysis.charts.rows import block, row_axis, shortened, wrapped
from tests.sensitivities import make_sensitivities

LABEL_PIXELS = 13


def names(count: int) -> list[str]:
    return [layer.name for layer in make_sensitivities(count, bits=(4,)).layers]


@pytest.mark.parametrize("count", [1, 12, 40, 41, 80, 81, 150, 300, 600])
@pytest.mark.parametrize("place", [None, 0, 0.5, 1])
def test_labels_never_overlap(count: int, place: float | None) -> None:
    layers = names(count)
    selected = None if place is None else layers[round(place * (count - 1))]
    axis = row_axis(layers, selected=selected)
    gaps = [second - first for (first, _), (second, _) in pairwise(axis.labels)]
    assert all(gap * axis.pixels >= LABEL_PIXELS for gap in gaps)


@pytest.mark.parametrize("count", [1, 40, 80])
def test_up_to_eighty_layers_all_are_labelled(count: int) -> None:
    assert len(row_axis(names(count)).labels) == count


def test_beyond_that_blocks_are_labelled() -> None:
    layers = names(300)
    labels = dict(row_axis(layers).labels)
    assert 30 < len(labels) < 150
    assert all(text == block(layers[row]) for row, text in labels.items())


def test_rows_in_another_order_are_labelled_by_their_own_names() -> None:
    layers = names(300)
    mixed = layers[::7] + layers[1::7] + [n for i, n in enumerate(layers) if i % 7 > 1]
    labels = dict(row_axis(sorted(mixed, key=lambda name: name[::-1])).labels)
    assert any("conv" in text for text in labels.values())


def test_the_selected_layer_is_labelled_in_bold() -> None:
    layers = names(300)
    assert (151, f"<b>{layers[151]}</b>") in row_axis(layers, selected=layers[151]).labels


def test_an_unknown_selection_is_left_out() -> None:
    assert row_axis(["a", "b"], selected="c").labels == ((0, "a"), (1, "b"))


def test_names_are_escaped() -> None:
    assert row_axis(["<b>x</b>"]).labels == ((0, "&lt;b&gt;x&lt;/b&gt;"),)


def test_a_long_name_keeps_its_end_from_a_dot_on() -> None:
    assert shortened("model.layers.12.self_attn.q_proj", 20) == "…12.self_attn.q_proj"
    assert shortened("model.layers.0.mlp.gate_proj") == "…0.mlp.gate_proj"


def test_a_long_part_is_cut_in_itself() -> None:
    assert shortened("blocks.embeddings_projection.a", 20) == "…ddings_projection.a"
    assert len(shortened("x" * 50)) == 22


def test_a_short_name_is_whole() -> None:
    assert shortened("stem") == "stem"


def test_a_long_title_is_broken_into_lines() -> None:
    assert wrapped("uniform 4-bit at the same bytes", 18) == "uniform 4-bit at<br>the same bytes"
    assert wrapped("<i>") == "&lt;i&gt;"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("stage1.0.conv2", "stage1.0"),
        ("model.layers.12.self_attn.q_proj", "model.layers.12"),
        ("head.fc", "head"),
        ("conv1", "conv1"),
        ("features.3", "features"),
    ],
)
def test_a_block_is_the_path_to_the_first_number(name: str, expected: str) -> None:
    assert block(name) == expected
