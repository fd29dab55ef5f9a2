from dataclasses import replace

import pytest

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.allocation.regroup import regroup
from analysis.errors import OptionError
from analysis.sensitivity.points import Sensitivities
from tests.analysis.allocation.every import bits
from tests.sensitivities import make_sensitivities


def test_layers_put_together_take_one_option(weights: Sensitivities) -> None:
    names = [layer.name for layer in weights.layers]
    edited = regroup(weights, {names[2]: "pair", names[5]: "pair"})
    assert edited.points == weights.points
    for average in (2.5, 3.5, 4.5):
        found = bits(allocate(edited, Budget(average_bits=average)).recipe)
        assert found[2] == found[5]


def test_a_group_is_taken_apart(grouped: Sensitivities) -> None:
    names = [layer.name for layer in grouped.layers]
    edited = regroup(grouped, {name: name for name in names})
    assert [layer.group for layer in edited.layers] == names
    found = [
        tuple(bits(allocate(edited, Budget(average_bits=b)).recipe)[1:4]) for b in (2.3, 3.1, 3.9)
    ]
    assert any(len(set(widths)) > 1 for widths in found)


def test_inputs_are_linked_and_taken_apart() -> None:
    result = make_sensitivities(layers=4, bits=(2, 8), target="both")
    names = [layer.name for layer in result.layers]
    edited = regroup(result, {}, inputs={names[0]: "x", names[2]: "x"})
    assert [layer.input_group for layer in edited.layers] == ["x", None, "x", None]
    assert regroup(edited, {}, inputs=dict.fromkeys(names)) == result


def test_unknown_layers_and_unseen_inputs_are_refused(weights: Sensitivities) -> None:
    with pytest.raises(OptionError, match="layers of 'made-up', and 'nowhere' is none"):
        regroup(weights, {"nowhere": "x"})
    layers = (replace(weights.layers[0], input_shape=None), *weights.layers[1:])
    blind = replace(weights, setup=replace(weights.setup, layers=layers))
    with pytest.raises(OptionError, match=r"input of 'stem' was never seen .* input group 'x'"):
        regroup(blind, {}, inputs={"stem": "x"})
