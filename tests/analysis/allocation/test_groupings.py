from dataclasses import replace

import pytest

from analysis.allocation.groupings import (
    BY_HAND,
    FUSED,
    MEETING,
    TIED,
    Grouping,
    SharedDecision,
    joined,
    shared_decisions,
    split_decisions,
    taken_apart,
)
from analysis.allocation.regroup import regroup
from analysis.errors import OptionError
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities


@pytest.fixture
def found() -> Sensitivities:
    """Layers 1 to 3 are fused, the inputs of 4 and 5 meet, the weight of 0 is tied."""
    result = make_sensitivities(7, target="both")
    names = [layer.name for layer in result.layers]
    made = regroup(
        result,
        dict.fromkeys(names[1:4], "fused"),
        inputs={names[4]: "meet", names[5]: "meet"},
    )
    layers = (replace(made.layers[0], tied=("head.weight",)), *made.layers[1:])
    return replace(made, setup=replace(made.setup, layers=layers))


def after(found: Sensitivities, grouping: Grouping) -> Sensitivities:
    return regroup(found, grouping.groups, inputs=grouping.inputs)


def test_groups_are_told_with_their_reasons(found):
    told = shared_decisions(found.layers, found.layers)
    assert [(len(one.layers), one.what, one.why) for one in told] == [
        (1, "decision", TIED),
        (3, "decision", FUSED),
        (2, "inputs", MEETING),
    ]


def test_joined_layers_are_one_group_with_those_they_belonged_to(found):
    names = [layer.name for layer in found.layers]
    grouping = joined(found.layers, Grouping(), [names[1], names[6]])
    now = after(found, grouping)
    told = shared_decisions(found.layers, now.layers)
    assert SharedDecision(now.layers[6].group, (*names[1:4], names[6]), "decision", BY_HAND) in told
    assert grouping.changed


def test_a_group_that_is_taken_apart_is_told(found):
    fused = shared_decisions(found.layers, found.layers)[1]
    now = after(found, taken_apart(found.layers, Grouping(), fused))
    assert [one.name for one in split_decisions(found.layers, now.layers)] == ["fused"]
    assert fused not in shared_decisions(found.layers, now.layers)
    assert split_decisions(found.layers, found.layers) == ()


def test_inputs_are_taken_apart_alone(found):
    meeting = shared_decisions(found.layers, found.layers)[2]
    grouping = taken_apart(found.layers, Grouping(), meeting)
    now = after(found, grouping)
    assert all(layer.input_group is None for layer in now.layers)
    assert [layer.group for layer in now.layers] == [layer.group for layer in found.layers]
    assert split_decisions(found.layers, now.layers) == (meeting,)


def test_edits_add_up(found):
    names = [layer.name for layer in found.layers]
    first = joined(found.layers, Grouping(), [names[5], names[6]])
    fused = shared_decisions(found.layers, found.layers)[1]
    second = taken_apart(after(found, first).layers, first, fused)
    now = after(found, second)
    assert now.layers[5].group == now.layers[6].group
    assert now.layers[1].group == names[1]


@pytest.mark.parametrize("names", [[], ["stem"], ["stem", "stem"], ["stem", "nowhere"]])
def test_what_is_no_group_is_refused(found, names):
    with pytest.raises(OptionError, match="two or more layers"):
        joined(found.layers, Grouping(), names)


def test_tied_weights_cannot_be_taken_apart(found):
    tied = shared_decisions(found.layers, found.layers)[0]
    with pytest.raises(OptionError, match="Only a group of several layers"):
        taken_apart(found.layers, Grouping(), tied)
