import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import serial
from analysis.errors import RecipeError, RecipeMismatchError
from analysis.quant.spec import IntFormat, PerChannel, PerGroup, PerTensor, QuantSpec
from analysis.recipe import (
    RECIPE_VERSION,
    LayerConfig,
    Recipe,
    load_recipe,
    parse_recipe,
    save_recipe,
)

SPECS = st.builds(
    QuantSpec,
    st.builds(IntFormat, st.integers(2, 16), st.booleans()),
    st.one_of(
        st.just(PerTensor()), st.just(PerChannel()), st.builds(PerGroup, st.integers(2, 512))
    ),
    st.sampled_from(["minmax", "percentile", "mse"]),
)
CONFIGS = st.builds(LayerConfig, st.none() | SPECS, st.none() | SPECS)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
RECIPES = st.builds(
    Recipe,
    st.dictionaries(NAMES, CONFIGS, max_size=5),
    workload=NAMES,
    fingerprint=NAMES,
    name=NAMES,
)
W4 = QuantSpec(IntFormat(4), PerChannel())
RECIPE = Recipe(
    {"conv1": LayerConfig(W4), "block.0.conv": LayerConfig(W4.with_bits(6), None)},
    workload="digits",
    fingerprint="0123456789abcdef",
    name="mixed",
)


@given(RECIPES)
def test_json_reads_back(recipe: Recipe) -> None:
    assert parse_recipe(serial.dumps(recipe)) == recipe


@given(RECIPES)
def test_the_document_of_allocate_reads_as_its_recipe(recipe: Recipe) -> None:
    text = json.dumps({"recipe": serial.to_plain(recipe), "cost": {"weight_bytes": 1}})
    assert parse_recipe(text) == recipe


def test_keys_are_the_field_names_and_specs_are_labels() -> None:
    assert serial.to_plain(RECIPE) == {
        "layers": {
            "conv1": {"weight": "int4 asym per-channel minmax", "activation": None},
            "block.0.conv": {"weight": "int6 asym per-channel minmax", "activation": None},
        },
        "workload": "digits",
        "fingerprint": "0123456789abcdef",
        "name": "mixed",
        "version": RECIPE_VERSION,
    }


def test_a_file_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    save_recipe(RECIPE, path)
    assert load_recipe(path) == RECIPE


def test_a_missing_or_binary_file_is_a_recipe_error(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(tmp_path / "none.json")
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(tmp_path)
    path = tmp_path / "weights.bin"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        "null",
        '"recipe"',
        "[" * 100_000,
        '{"a": ' + "9" * 5000 + "}",
        "{}",
        '{"recipe": []}',
        '{"layers": {}, "workload": "w"}',
        '{"layers": [], "workload": "w", "fingerprint": "f"}',
        '{"layers": {"a": 3}, "workload": "w", "fingerprint": "f"}',
        '{"layers": {"a": {"weight": "int4"}}, "workload": "w", "fingerprint": "f"}',
        '{"layers": {"a": {"weight": "int99 asym per-tensor mse"}}, "workload": "w", '
        '"fingerprint": "f"}',
        '{"layers": {"a": {"weight": 4}}, "workload": "w", "fingerprint": "f"}',
        '{"layers": {}, "workload": "w", "fingerprint": null}',
    ],
    ids=range(17),
)
def test_damaged_text_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text)
    message = str(caught.value)
    assert message.endswith(".")
    assert len(message) < 400
    assert "\n" not in message


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(1, 60))
def test_a_file_that_lost_a_piece_is_refused_or_still_a_recipe(start: int, length: int) -> None:
    text = serial.dumps(RECIPE)
    try:
        recipe = parse_recipe(text[:start] + text[start + length :])
    except RecipeError:
        return
    assert recipe.version == RECIPE_VERSION


def test_the_field_that_is_wrong_is_named() -> None:
    body = serial.to_plain(RECIPE)
    body["layers"]["conv1"]["weight"] = "int4 asym"
    with pytest.raises(RecipeError, match=r"layers\.conv1\.weight"):
        parse_recipe(json.dumps(body))


@pytest.mark.parametrize("version", [0, RECIPE_VERSION + 1])
def test_another_version_is_refused(version: int) -> None:
    body = {**serial.to_plain(RECIPE), "version": version}
    with pytest.raises(RecipeError, match=f"version {RECIPE_VERSION}, not {version}"):
        parse_recipe(json.dumps(body))


def test_a_recipe_of_this_model_passes_the_check() -> None:
    RECIPE.check("0123456789abcdef", frozenset({"conv1", "block.0.conv", "fc"}))


def test_unknown_layers_are_named() -> None:
    with pytest.raises(RecipeMismatchError, match=r"block\.0\.conv") as caught:
        RECIPE.check("0123456789abcdef", frozenset({"conv1"}))
    assert "'digits'" in str(caught.value)
    many = Recipe({f"l{i}": LayerConfig() for i in range(9)}, "digits", "f")
    with pytest.raises(RecipeMismatchError, match="l0, l1, l2, …"):
        many.check("f", frozenset())


def test_other_weights_are_refused() -> None:
    with pytest.raises(RecipeMismatchError, match="fingerprint 0123456789ab, this model ffff"):
        RECIPE.check("ffff", frozenset({"conv1", "block.0.conv"}))


def test_with_weight_changes_one_layer_of_a_copy() -> None:
    activation = QuantSpec(IntFormat(8), PerTensor())
    recipe = Recipe({"a": LayerConfig(W4, activation)}, "w", "f")
    changed = recipe.with_weight("a", None).with_weight("b", W4)
    assert changed.layers == {"a": LayerConfig(None, activation), "b": LayerConfig(W4)}
    assert recipe.layers == {"a": LayerConfig(W4, activation)}


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (
            {"weight": "int99 asym per-channel minmax"},
            "layers.a.weight: Bits must lie between 2 and 16, not 99; "
            "choose a width in that range.",
        ),
        (
            {"weight": "8 bits"},
            "layers.a.weight: A spec reads like 'int4 asym per-channel minmax', not '8 bits'.",
        ),
        (
            {"weigth": "int8 asym per-channel minmax"},
            "layers.a.weigth: Unexpected keyword argument.",
        ),
    ],
)
def test_an_imported_recipe_with_unknown_widths_or_fields(
    config: dict[str, str], sentence: str
) -> None:
    text = json.dumps({"layers": {"a": config}, "workload": "w", "fingerprint": "f"})
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text)
    assert str(caught.value) == f"This is no valid recipe: {sentence}"
