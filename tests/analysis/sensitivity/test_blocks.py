import pytest

from analysis.sensitivity.blocks import find_blocks


def rows(*names: str) -> list[tuple[str, int]]:
    return [(block.name, len(block.layers)) for block in find_blocks(names)]


def decoder(blocks: int) -> list[str]:
    parts = ("self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj")
    names = [f"model.layers.{at}.{part}" for at in range(blocks) for part in parts]
    return ["model.embed_tokens", *names, "lm_head"]


def test_a_decoder_has_its_blocks_and_the_layers_around_them() -> None:
    assert rows(*decoder(12)) == [
        ("model.embed_tokens", 1),
        *((f"model.layers.{at}", 4) for at in range(12)),
        ("lm_head", 1),
    ]


def test_layers_keep_their_order_in_a_block() -> None:
    block = find_blocks(decoder(2))[1]
    assert block.layers[0] == "model.layers.0.self_attn.q_proj"
    assert block.layers[-1] == "model.layers.0.mlp.down_proj"


def test_of_stages_and_blocks_inside_them_the_blocks_are_taken() -> None:
    names = [f"layer{s}.{b}.conv{c}" for s in (1, 2) for b in (0, 1) for c in (1, 2)]
    names.insert(6, "layer2.0.downsample.0")
    assert rows("conv1", *names, "fc") == [
        ("conv1", 1),
        ("layer1.0", 2),
        ("layer1.1", 2),
        ("layer2.0", 3),
        ("layer2.1", 2),
        ("fc", 1),
    ]


def test_a_stage_with_one_block_has_it_as_a_row_where_other_stages_repeat() -> None:
    found = rows(
        *("blocks.0.0.conv_dw", "blocks.0.0.conv_pw"),
        *(f"blocks.1.{at}.conv_{kind}" for at in (0, 1) for kind in ("dw", "pw")),
    )
    assert found == [("blocks.0.0", 2), ("blocks.1.0", 2), ("blocks.1.1", 2)]


def test_a_layer_of_a_stage_beside_its_blocks_stays_alone() -> None:
    names = [f"layers.{s}.blocks.{b}.{part}" for s in (0, 1) for b in (0, 1) for part in "qv"]
    names.insert(4, "layers.0.downsample.reduction")
    assert ("layers.0.downsample.reduction", 1) in rows(*names)
    assert ("layers.1.blocks.1", 2) in rows(*names)


def test_numbered_parts_of_unlike_form_are_no_blocks() -> None:
    parts = ("0.SelfAttention.q", "0.SelfAttention.o", "1.DenseReluDense.wi", "1.DenseReluDense.wo")
    names = [f"encoder.block.{at}.layer.{part}" for at in (0, 1) for part in parts]
    assert rows(*names) == [("encoder.block.0", 4), ("encoder.block.1", 4)]


@pytest.mark.parametrize("part", ["experts", "heads"])
def test_parts_side_by_side_belong_to_the_block_around_them(part: str) -> None:
    names = [f"h.{at}.{part}.{n}.{w}" for at in (0, 1) for n in (0, 1) for w in ("key", "value")]
    assert rows(*names) == [("h.0", 4), ("h.1", 4)]


def test_numbers_at_the_end_of_a_name_make_blocks_where_no_part_is_a_number() -> None:
    names = [f"block{at}.conv{c}" for at in (1, 2) for c in (1, 2)]
    assert rows("stem", *names) == [("stem", 1), ("block1", 2), ("block2", 2)]


@pytest.mark.parametrize(
    "names",
    [
        ("conv1", "conv2", "fc"),
        ("0", "2", "5"),
        ("features.0", "features.3", "classifier.1"),
        ("body.0.conv1", "body.0.conv2", "head"),
        (),
    ],
)
def test_a_net_without_repeated_blocks_has_none(names: tuple[str, ...]) -> None:
    assert find_blocks(names) == ()
