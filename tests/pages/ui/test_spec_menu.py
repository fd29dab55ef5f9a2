import pytest

from analysis.quant.spec import WEIGHT_SPEC, QuantSpec
from pages.ui.spec_menu import default_spec, nearest

MENU = tuple(
    QuantSpec.parse(f"int{bits} {symmetry} {granularity} {method}")
    for bits in (2, 4, 8)
    for symmetry in ("sym", "asym")
    for granularity, method in (
        ("per-channel", "minmax"),
        ("per-channel", "mse"),
        ("per-tensor", "minmax"),
    )
)


def test_what_is_in_the_menu_is_its_own_nearest():
    assert all(nearest(MENU, spec) == spec for spec in MENU)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("int5 asym per-channel minmax", "int4 asym per-channel minmax"),
        ("int16 sym per-tensor minmax", "int8 sym per-tensor minmax"),
        ("int4 sym per-channel percentile", "int4 sym per-channel minmax"),
    ],
)
def test_the_nearest_shares_most_parts(wanted, found):
    assert nearest(MENU, QuantSpec.parse(wanted)).label == found


def test_the_default_is_the_libraries_own_at_four_bits():
    assert default_spec(MENU) == WEIGHT_SPEC.with_bits(4)


def test_the_default_exists_in_any_menu():
    only = (QuantSpec.parse("int8 sym per-tensor mse"),)
    assert default_spec(only) == only[0]
