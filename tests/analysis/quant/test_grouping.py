import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.quant.grouping import Grouping
from analysis.quant.spec import Granularity, PerChannel, PerGroup, PerTensor

SHAPES = st.lists(st.integers(1, 5), min_size=0, max_size=4)
GRANULARITIES = st.one_of(
    st.just(PerTensor()), st.just(PerChannel()), st.builds(PerGroup, st.integers(2, 9))
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[torch.Tensor, Granularity, int]:
    shape = draw(SHAPES)
    weight = torch.arange(float(torch.Size(shape).numel())).reshape(shape)
    return weight, draw(GRANULARITIES), draw(st.integers(0, max(0, len(shape) - 1)))


@settings(deadline=None)
@given(cases())
def test_cutting_and_joining_give_the_weight_back(
    case: tuple[torch.Tensor, Granularity, int],
) -> None:
    weight, granularity, axis = case
    grouping = Grouping.of(weight, granularity, axis)
    assert torch.equal(grouping.join(grouping.cut(weight)), weight)


@settings(deadline=None)
@given(cases())
def test_each_group_is_a_run_of_one_channel_and_nothing_else(
    case: tuple[torch.Tensor, Granularity, int],
) -> None:
    weight, granularity, axis = case
    grouping = Grouping.of(weight, granularity, axis)
    rows = grouping.cut(weight)
    sums = grouping.gather([block.sum(dim=1) for block in grouping.blocks(rows)])
    expected = [[part.sum().item() for part in row.split(grouping.size)] for row in rows]
    assert sums.tolist() == expected
    if grouping.rows > 1:
        channels = weight.movedim(axis, 0).flatten(1) if weight.ndim > 1 else weight[:, None]
        assert torch.equal(rows, channels)


@settings(deadline=None)
@given(cases())
def test_spread_values_meet_the_weights_of_their_group(
    case: tuple[torch.Tensor, Granularity, int],
) -> None:
    weight, granularity, axis = case
    grouping = Grouping.of(weight, granularity, axis)
    numbers = torch.arange(float(grouping.rows * grouping.groups))
    spread = grouping.spread(numbers.reshape(grouping.rows, grouping.groups))
    full = spread.expand(grouping.rows, grouping.length)
    for row in range(grouping.rows):
        for column in range(grouping.length):
            assert full[row, column] == row * grouping.groups + column // grouping.size


@pytest.mark.parametrize(
    ("granularity", "shape"),
    [(PerTensor(), (1, 1)), (PerChannel(), (6, 1)), (PerGroup(8), (6, 4)), (PerGroup(99), (6, 1))],
    ids=["tensor", "channel", "group", "group-larger-than-channel"],
)
def test_number_of_scales(granularity: Granularity, shape: tuple[int, int]) -> None:
    grouping = Grouping.of(torch.zeros(3, 6, 3, 3), granularity, 1)
    assert (grouping.rows, grouping.groups) == shape
