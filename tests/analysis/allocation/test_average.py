import pytest

from analysis.allocation.average import bits_for, bytes_at
from analysis.cost import weight_bytes
from analysis.errors import OptionError
from analysis.quant.spec import WEIGHT_SPEC
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities


def test_a_whole_width_is_the_uniform_recipe_with_its_scales(weights: Sensitivities) -> None:
    # 7 bits were not swept; the bytes follow from the sweep's own spec all the same.
    for bits in (2, 4, 7, 16):
        spec = WEIGHT_SPEC.with_bits(bits)
        assert bytes_at(weights, bits) == sum(weight_bytes(x, spec) for x in weights.layers)


def test_a_fraction_interpolates_between_its_neighbours(weights: Sensitivities) -> None:
    below, above = bytes_at(weights, 3), bytes_at(weights, 4)
    assert bytes_at(weights, 3.25) == int(below + 0.25 * (above - below))


@pytest.mark.parametrize("bits", [1.9, 16.5])
def test_widths_outside_2_to_16_are_refused(weights: Sensitivities, bits: float) -> None:
    with pytest.raises(OptionError, match=f"between 2 and 16, not {bits}"):
        bytes_at(weights, bits)


def test_average_bits_need_swept_weights() -> None:
    with pytest.raises(OptionError, match="Average bits need a sweep of weights"):
        bytes_at(make_sensitivities(layers=3, target="activation"), 4)


@pytest.mark.parametrize("stored", [40_000, 60_001, 123_456])
def test_the_average_for_so_many_bytes_is_the_smallest_hundredth(
    weights: Sensitivities, stored: int
) -> None:
    bits = bits_for(weights, stored)
    assert bits is not None
    assert bytes_at(weights, bits) >= stored
    assert bits == 2 or bytes_at(weights, bits - 0.01) < stored


def test_no_average_allows_more_than_16_bits(weights: Sensitivities) -> None:
    assert bits_for(weights, bytes_at(weights, 16) + 1) is None
