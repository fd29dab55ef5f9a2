import pytest

from analysis.allocation.options import decision_groups
from analysis.errors import OptionError
from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC
from analysis.recipe import LayerConfig
from analysis.sensitivity.points import Sensitivities

FOUR = LayerConfig(WEIGHT_SPEC.with_bits(4))


def test_a_lock_pins_its_layer(weights: Sensitivities) -> None:
    groups = decision_groups(weights, {"head": FOUR})
    assert [option.configs for option in groups[-1].options] == [(FOUR,)]
    assert len(groups[0].options) == 6


def test_a_lock_pins_its_whole_group(grouped: Sensitivities) -> None:
    shared = decision_groups(grouped, {grouped.layers[2].name: FOUR})[1]
    assert [option.configs for option in shared.options] == [(FOUR, FOUR, FOUR)]


def test_a_lock_to_float_costs_four_bytes_a_weight_and_loses_nothing(
    weights: Sensitivities,
) -> None:
    (option,) = decision_groups(weights, {"head": LayerConfig()})[-1].options
    assert option.weight_bytes == 4 * 640
    assert option.divergence == 0.0


def test_a_lock_may_leave_only_the_input_in_float(both: Sensitivities) -> None:
    (option,) = decision_groups(both, {"head": FOUR})[-1].options
    point = both.point("head", "weight", 4)
    assert point is not None
    assert option.divergence == point.divergence


def test_an_unknown_layer_is_refused(weights: Sensitivities) -> None:
    with pytest.raises(OptionError, match="must name a layer of 'made-up', not 'tail'"):
        decision_groups(weights, {"tail": FOUR})


def test_a_spec_that_was_not_measured_is_refused(weights: Sensitivities) -> None:
    with pytest.raises(OptionError, match="weight of 'head' cannot be locked to 'int7 asym"):
        decision_groups(weights, {"head": LayerConfig(WEIGHT_SPEC.with_bits(7))})
    quantised_input = LayerConfig(FOUR.weight, ACTIVATION_SPEC)
    with pytest.raises(OptionError, match="activation of 'head' cannot be locked"):
        decision_groups(weights, {"head": quantised_input})


def test_locks_of_one_group_must_agree(grouped: Sensitivities) -> None:
    locked = {grouped.layers[1].name: FOUR, grouped.layers[3].name: LayerConfig()}
    with pytest.raises(OptionError, match="take the same option"):
        decision_groups(grouped, locked)
