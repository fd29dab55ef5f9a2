from dataclasses import replace

import pytest

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.allocation.options import Table, decision_groups, recipe_of
from analysis.cost import recipe_cost
from analysis.errors import OptionError
from analysis.hardware.catalogue import profile
from analysis.hardware.check import check_recipe
from analysis.recipe import LayerConfig
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities, with_families


def test_each_layer_has_the_swept_widths(weights: Sensitivities) -> None:
    groups = decision_groups(weights, {})
    assert [group.name for group in groups] == [layer.name for layer in weights.layers]
    for group in groups:
        specs = [option.configs[0].weight for option in group.options]
        assert [spec.bits for spec in specs if spec] == [2, 3, 4, 5, 6, 8]
        assert all(option.configs[0].activation is None for option in group.options)


def test_with_both_targets_an_option_is_a_pair_and_divergences_add(both: Sensitivities) -> None:
    group = decision_groups(both, {})[1]
    assert len(group.options) == 9
    for option in group.options:
        config = option.configs[0]
        assert config.weight is not None
        assert config.activation is not None
        weight = both.point(group.name, "weight", config.weight.bits)
        activation = both.point(group.name, "activation", config.activation.bits)
        assert weight is not None
        assert activation is not None
        assert option.divergence == weight.divergence + activation.divergence


def test_with_activations_only_the_weights_stay_in_float() -> None:
    result = make_sensitivities(layers=3, target="activation")
    for group in decision_groups(result, {}):
        assert all(option.configs[0].weight is None for option in group.options)
        assert {option.weight_bytes for option in group.options} == {4 * group.layers[0].parameters}


def test_a_layer_whose_input_was_not_swept_has_weights_only(both: Sensitivities) -> None:
    name = both.layers[2].name

    def seen(layer: str, target: str) -> bool:
        return (layer, target) != (name, "activation")

    cells = tuple(cell for cell in both.setup.cells if seen(cell.layer, cell.target))
    points = tuple(point for point in both.points if seen(point.layer, point.target))
    result = replace(both, setup=replace(both.setup, cells=cells), points=points)
    options = decision_groups(result, {})[2].options
    assert [option.configs[0].activation for option in options] == [None, None, None]


def test_a_group_moves_as_one(grouped: Sensitivities) -> None:
    groups = decision_groups(grouped, {})
    shared = next(group for group in groups if group.name == "shared")
    assert [layer.name for layer in shared.layers] == [x.name for x in grouped.layers[1:4]]
    for option in shared.options:
        assert len(set(option.configs)) == 1
        bits = option.configs[0].weight.bits if option.configs[0].weight else 0
        points = [grouped.point(layer.name, "weight", bits) for layer in shared.layers]
        assert option.divergence == pytest.approx(sum(p.divergence for p in points if p))


def test_a_group_has_only_what_all_its_layers_have_measured(grouped: Sensitivities) -> None:
    name = grouped.layers[2].name
    points = tuple(p for p in grouped.points if (p.layer, p.bits) != (name, 3))
    shared = decision_groups(replace(grouped, points=points), {})[1]
    assert [o.configs[0].weight.bits for o in shared.options if o.configs[0].weight] == [
        2,
        4,
        5,
        6,
        8,
    ]


def test_layers_of_a_group_take_one_kernel_each_in_its_own_way() -> None:
    net = make_sensitivities(layers=4, bits=(2, 4))
    layers = tuple(replace(layer, group="one") for layer in net.layers)
    found = with_families(replace(net, setup=replace(net.setup, layers=layers)))
    (group,) = decision_groups(found, {})
    assert len(group.options) == 4
    for option in group.options:
        specs = [config.weight for config in option.configs if config.weight is not None]
        assert len({spec.kernel for spec in specs}) == 1
        assert len({spec.label for spec in specs}) == 2
    first = group.options[0].configs[0]
    (locked,) = decision_groups(found, {net.layers[0].name: first})
    (only,) = locked.options
    assert only.configs == group.options[0].configs


def test_linked_inputs_take_one_kernel_each_with_its_own_range() -> None:
    net = make_sensitivities(layers=3, bits=(4, 8), target="both")
    layers = tuple(replace(layer, input_group="sum") for layer in net.layers)
    found = with_families(replace(net, setup=replace(net.setup, layers=layers)))
    target = profile("nvidia-tensorrt")
    recipe = allocate(found, Budget(average_bits=8), profile=target).recipe
    inputs = [config.activation for config in recipe.layers.values() if config.activation]
    assert len(inputs) == 3
    assert len({spec.kernel for spec in inputs}) == 1
    assert len({spec.range_method for spec in inputs}) == 2
    assert check_recipe(target, found.layers, recipe) == ()


def test_costs_are_those_of_the_recipe(both: Sensitivities) -> None:
    groups = decision_groups(both, {})
    picks = [3, 1, 8, 0, 5]
    recipe = recipe_of(both, groups, picks, "any")
    cost = recipe_cost(both.layers, recipe, other_bytes=0)
    chosen = [group.options[pick] for group, pick in zip(groups, picks, strict=True)]
    assert cost.weight_bytes == sum(option.weight_bytes for option in chosen)
    assert cost.bops == sum(option.bops for option in chosen)


def test_a_recipe_names_its_layers_in_call_order(grouped: Sensitivities) -> None:
    groups = decision_groups(grouped, {})
    recipe = recipe_of(grouped, groups, [0] * len(groups), "any")
    assert list(recipe.layers) == [layer.name for layer in grouped.layers]
    assert (recipe.workload, recipe.fingerprint) == ("made-up", grouped.setup.fingerprint)


def test_a_sweep_that_is_not_far_enough_is_refused_with_the_count() -> None:
    result = make_sensitivities(complete=False)
    with pytest.raises(OptionError, match="not far enough to choose from: 6 of 12 layers"):
        decision_groups(result, {})


def test_what_an_unfinished_sweep_has_measured_can_be_chosen(weights: Sensitivities) -> None:
    first = weights.layers[0].name
    kept = tuple(p for p in weights.points if p.layer != first or p.bits == 4)
    option = decision_groups(replace(weights, points=kept), {})[0].options
    assert [o.configs[0].weight.bits for o in option if o.configs[0].weight] == [4]


def test_a_table_holds_the_options_of_the_groups_side_by_side(both: Sensitivities) -> None:
    groups = decision_groups(both, {both.layers[0].name: LayerConfig()})
    table = Table.of(groups)
    assert table.starts.tolist() == [0, 1, 10, 19, 28, 37]
    assert table.divergence[0] == 0.0
    assert table.weight_bytes[0] == 4 * both.layers[0].parameters
