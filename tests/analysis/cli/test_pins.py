from dataclasses import replace

import pytest

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.cli.pins import read_constraints
from analysis.errors import InfeasibleBudgetError, OptionError
from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC
from analysis.recipe import LayerConfig
from tests.sensitivities import make_sensitivities

WEIGHTS = make_sensitivities(layers=4, bits=(2, 4, 8))
BOTH = make_sensitivities(layers=4, bits=(2, 4, 8), target="both")


def test_a_width_pins_the_weights_of_a_weight_sweep() -> None:
    rules = read_constraints(WEIGHTS, ["stem=8", "head=float"], 2)
    assert rules.pinned == {"stem": LayerConfig(WEIGHT_SPEC.with_bits(8)), "head": LayerConfig()}
    assert (rules.forbidden, rules.max_widths) == ((), 2)


def test_a_width_leaves_swept_inputs_open() -> None:
    rules = read_constraints(BOTH, ["stem=4"], None)
    assert rules.pinned == {}
    (ban,) = rules.forbidden
    assert (ban.where, ban.bits, ban.target) == ("stem", (2, 8), "weight")


def test_two_widths_pin_weights_and_inputs() -> None:
    rules = read_constraints(BOTH, ["head=8/4"], None)
    pinned = LayerConfig(WEIGHT_SPEC.with_bits(8), ACTIVATION_SPEC.with_bits(4))
    assert rules.pinned == {"head": pinned}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stem", r"A pin reads LAYER=BITS, .* not 'stem'"),
        ("nowhere=8", r"with a layer of 'made-up', not 'nowhere=8'"),
        ("stem=3", r"a swept width of the weights \(2, 4, 8\), not '3' in 'stem=3'"),
        ("stem=eight", r"not 'eight' in 'stem=eight'"),
        ("stem=8/5", r"a swept width of the activations \(2, 4, 8\), not '5'"),
    ],
)
def test_what_is_no_pin(text: str, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        read_constraints(BOTH, [text], None)


def test_inputs_that_were_not_swept_cannot_be_pinned() -> None:
    with pytest.raises(OptionError, match=r"a swept width of the activations \(none\), not '8'"):
        read_constraints(WEIGHTS, ["stem=8/8"], None)


def test_a_layer_is_pinned_once() -> None:
    with pytest.raises(OptionError, match="'stem' is pinned to '8' and '4'"):
        read_constraints(WEIGHTS, ["stem=8", "stem=4"], None)
    assert read_constraints(WEIGHTS, ["stem=8", "stem=8"], None).pinned


def test_several_ways_of_a_width_stay_open() -> None:
    cells = WEIGHTS.setup.cells
    other = replace(cells[2], label="int8 sym per-channel minmax")
    crowded = replace(WEIGHTS, setup=replace(WEIGHTS.setup, cells=(*cells, other)))
    rules = read_constraints(crowded, ["stem=8"], None)
    assert rules.pinned == {}
    assert (rules.forbidden[0].bits, rules.forbidden[0].pin) == ((2, 4), True)


def test_a_pin_that_contradicts_a_limit_is_called_a_pin() -> None:
    rules = read_constraints(BOTH, ["head=8"], 1)
    with pytest.raises(InfeasibleBudgetError, match=r"pinned layers \(head\)"):
        allocate(BOTH, Budget(average_bits=2.1), constraints=rules)
