from dataclasses import replace

import pytest

from analysis.allocation.predict import predict
from analysis.charts.frame import alt_text
from analysis.charts.palette import bits_colour
from analysis.charts.recipe import bits_strip, recipe_treemap, waterfall
from analysis.charts.strip import Stretch, stretches, strip_rows
from analysis.charts.waterfall import SHOWN, waterfall_info
from analysis.cost import recipe_cost
from analysis.errors import OptionError
from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities

WIDTHS = (4, 4, 2, None, 8, 3)


def recipe_of(result: Sensitivities, *widths: int | None, activation: int | None = None) -> Recipe:
    """Widths repeated over the layers."""
    config = {
        layer.name: LayerConfig(
            weight=None
            if (bits := widths[i % len(widths)]) is None
            else WEIGHT_SPEC.with_bits(bits),
            activation=None if activation is None else ACTIVATION_SPEC.with_bits(activation),
        )
        for i, layer in enumerate(result.layers)
    }
    return Recipe(config, "made-up", result.setup.fingerprint)


def test_areas_are_the_stored_bytes_and_colours_the_bits() -> None:
    result = make_sensitivities(6)
    recipe = recipe_of(result, *WIDTHS)
    (cells,) = recipe_treemap(result.layers, recipe).data
    assert sum(cells["values"]) == recipe_cost(result.layers, recipe, other_bytes=0).weight_bytes
    assert list(cells.ids) == [layer.name for layer in result.layers]
    assert list(cells.marker.colors) == [bits_colour(bits) for bits in WIDTHS]
    assert list(cells.text) == ["4 bits", "4 bits", "2 bits", "float", "8 bits", "3 bits"]


def test_the_key_shows_each_width_that_occurs() -> None:
    result = make_sensitivities(6)
    (key,) = recipe_treemap(result.layers, recipe_of(result, *WIDTHS)).layout.annotations
    assert [bits_colour(bits) in key.text for bits in (2, 3, 4, 5, 8, None)] == [
        True,
        True,
        True,
        False,
        True,
        True,
    ]


def test_steps_of_the_waterfall_sum_to_the_prediction() -> None:
    result = make_sensitivities(20)
    recipe = recipe_of(result, 3, 4)
    info = waterfall_info(result, recipe)
    assert sum(value for _, value in info.steps) == pytest.approx(info.total)
    assert info.total == pytest.approx(predict(result, recipe).divergence)
    values = [value for _, value in info.steps[:-1]]
    assert values == sorted(values, reverse=True)
    assert len(values) == SHOWN
    assert info.steps[-1][0] == "12 other layers"


def test_steps_name_the_widths_of_both_tensors() -> None:
    result = make_sensitivities(2, target="both")
    names = [name for name, _ in waterfall_info(result, recipe_of(result, 3, activation=8)).steps]
    assert all(name.endswith("W3 A8") for name in names)


def test_a_waterfall_without_loss_draws() -> None:
    result = make_sensitivities(2)
    points = tuple(replace(p, divergence=0.0, low=0.0, high=0.0) for p in result.points)
    figure = waterfall(replace(result, points=points), recipe_of(result, 4))
    assert list(figure.data[0].x) == [0.0, 0.0]
    assert "no layer adds anything" in alt_text(figure)


def test_a_spec_that_was_not_swept_is_refused() -> None:
    result = make_sensitivities(2)
    with pytest.raises(OptionError, match="not measured"):
        waterfall(result, recipe_of(result, 7))


def test_stretches_cut_where_the_width_changes() -> None:
    assert stretches((4, 4, 2, None, None)) == (
        Stretch(0, 1, 4),
        Stretch(2, 2, 2),
        Stretch(3, 4, None),
    )
    assert stretches(()) == ()


def test_activations_have_a_row_only_when_some_are_quantised() -> None:
    result = make_sensitivities(3)
    assert set(strip_rows(result.layers, recipe_of(result, 4))) == {"weight"}
    rows = strip_rows(result.layers, recipe_of(result, 4, activation=8))
    assert rows["activation"] == (8, 8, 8)
    assert strip_rows(result.layers, Recipe({}, "w", "f"))["weight"] == (None, None, None)


def test_small_strips_number_every_cell() -> None:
    result = make_sensitivities(6)
    cells, numbers = bits_strip(result.layers, recipe_of(result, *WIDTHS)).data
    assert list(numbers.text) == ["4", "4", "2", "–", "8", "3"]
    assert [list(row) for row in cells.customdata] == [
        [layer.name, bits] for layer, bits in zip(result.layers, WIDTHS, strict=True)
    ]


def test_long_strips_number_stretches_that_have_room() -> None:
    result = make_sensitivities(300, bits=(4,))
    widths = [4] * 200 + [2] + [8] * 99
    _, numbers = bits_strip(result.layers, recipe_of(result, *widths)).data
    assert list(numbers.text) == ["4", "8"]
    assert list(numbers.x) == [99.5, 250.0]


@pytest.mark.parametrize("count", [1, 300])
def test_any_size_draws(count: int) -> None:
    result = make_sensitivities(count)
    recipe = recipe_of(result, *WIDTHS)
    figures = [
        recipe_treemap(result.layers, recipe),
        waterfall(result, recipe),
        bits_strip(result.layers, recipe),
    ]
    assert all(len(figure.to_json()) < 64 * 1024 for figure in figures)
    assert all(alt_text(figure).endswith(".") for figure in figures)
