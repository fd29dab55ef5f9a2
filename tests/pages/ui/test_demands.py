import pytest

from analysis.allocation.budget import Budget
from analysis.allocation.constraints import EVERY, ChangeCost, Constraints, Forbidden
from analysis.errors import OptionError
from pages.ui.demands import NOTHING, Demands, parse_demands

MANY = Demands(
    main="bits",
    sized=False,
    average_bits=3.5,
    max_drop=0.0125,
    bops=12_345_678_901,
    peak_activation_bytes=4096,
    latency_ms=1.25,
    energy_uj=0.003,
    max_widths=2,
    forbidden=(2, 3),
    change_bytes=64,
    change_ms=0.01,
)


def test_nothing_is_an_empty_text():
    assert NOTHING.text == ""
    assert parse_demands("") == NOTHING


def test_the_text_says_everything():
    assert parse_demands(MANY.text) == MANY


@pytest.mark.parametrize(
    "text",
    [
        "bits",
        "bits:",
        "bits:nan",
        "bits:-1",
        "bits:inf",
        "bops:1.5",
        "widths:0",
        "widths:99",
        "without:1",
        "without:2-x",
        "main:nobody",
        "size:yes",
        "what:1",
        "bits:4," * 200,
    ],
)
def test_a_damaged_link_is_one_sentence(text):
    with pytest.raises(OptionError, match="link"):
        parse_demands(text)


def test_the_budget_holds_the_size_only_where_it_is_limited():
    assert NOTHING.budget(1000) == Budget(weight_bytes=1000)
    assert Demands(sized=False, average_bits=4.0).budget(1000) == Budget(average_bits=4.0)
    assert Demands(latency_ms=2.0).budget(1000) == Budget(weight_bytes=1000, latency_ms=2.0)


def test_without_any_limit_there_is_no_budget():
    with pytest.raises(OptionError, match="at least one limit"):
        Demands(sized=False).budget(1000)


def test_another_main_limit_takes_the_place_of_the_old_one():
    bits = NOTHING.led_by("bits", 4.0)
    assert (bits.main, bits.sized, bits.average_bits) == ("bits", False, 4.0)
    assert bits.led_by("size", 1.0) == NOTHING


def test_further_limits_stay_when_the_main_one_changes():
    both = Demands(latency_ms=2.0).led_by("drop", 0.01)
    assert (both.latency_ms, both.max_drop) == (2.0, 0.01)


def test_whole_quantities_are_whole():
    assert NOTHING.limited("bops", 12.7).bops == 12
    assert NOTHING.limited("bops", None).bops is None


def test_widths_and_changes_are_constraints():
    assert NOTHING.constraints == Constraints()
    assert MANY.constraints == Constraints(
        forbidden=(Forbidden(EVERY, (2, 3)),),
        max_widths=2,
        precision_change_cost=ChangeCost(weight_bytes=64, latency_ms=0.01),
    )
    assert MANY.widths_alone == Constraints(forbidden=(Forbidden(EVERY, (2, 3)),))
