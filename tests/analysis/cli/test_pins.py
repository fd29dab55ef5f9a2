import pytest

from analysis.cli.pins import read_constraints
from analysis.errors import OptionError
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
