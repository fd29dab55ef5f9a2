from itertools import pairwise

import pytest

from analysis.charts.palette import (
    CATEGORIES,
    CIVIDIS,
    NEUTRAL,
    bits_colour,
    category,
    contrast,
    ink_on,
    mix,
    ramp,
    symbol,
    translucent,
)

LIGHT_PAGE, DARK_PAGE = "#FFFFFF", "#10151D"


@pytest.mark.parametrize("bits", [None, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16])
def test_a_number_on_the_colour_of_its_bits_reads(bits: int | None) -> None:
    fill = bits_colour(bits)
    assert contrast(ink_on(fill), fill) >= 4.5


def test_the_ink_of_every_step_of_cividis_reads() -> None:
    fills = [ramp(CIVIDIS, step / 254) for step in range(255)]
    assert min(contrast(ink_on(fill), fill) for fill in fills) >= 4.5


@pytest.mark.parametrize("colour", [*CATEGORIES, NEUTRAL])
def test_lines_show_on_both_themes(colour: str) -> None:
    # 3:1 is WCAG's bound for graphics; two of Okabe and Ito's hues miss it on white and are never
    # told apart by colour alone.
    assert contrast(colour, DARK_PAGE) >= 3
    assert contrast(colour, LIGHT_PAGE) >= 2


def test_bits_run_from_orange_to_blue_without_a_turn() -> None:
    redness = [
        int(bits_colour(bits)[1:3], 16) - int(bits_colour(bits)[5:7], 16) for bits in range(3, 17)
    ]
    assert all(more >= less for more, less in pairwise(redness[1:6]))
    assert redness[0] > 0 > redness[-1]


def test_widths_between_two_known_ones_are_mixed() -> None:
    assert bits_colour(7) == mix(bits_colour(6), bits_colour(8), 0.5)


def test_a_ramp_ends_at_its_ends() -> None:
    assert ramp(CIVIDIS, 0).lower() == CIVIDIS[0]
    assert ramp(CIVIDIS, 1).lower() == CIVIDIS[-1]
    assert ramp(CIVIDIS, 7).lower() == CIVIDIS[-1]


def test_colour_and_symbol_together_tell_many_categories_apart() -> None:
    assert len({(category(index), symbol(index)) for index in range(36)}) == 36


def test_black_on_white_has_the_largest_contrast() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#777777") == pytest.approx(1)


def test_translucent_keeps_the_colour() -> None:
    assert translucent("#D55E00", 0.25) == "rgba(213,94,0,0.25)"
