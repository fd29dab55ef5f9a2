from math import inf, nan

import pytest

from analysis.charts.numerals import (
    byte_unit,
    bytes_text,
    drop_text,
    metric_text,
    nice_ticks,
    sentence_case,
    short,
    signed,
    tick,
    trimmed,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.0123, "0.012"),
        (0.01, "0.010"),
        (0.000123, "1.2e−4"),
        (9.99e-4, "0.0010"),
        (1.0, "1.0"),
        (12.3, "12"),
        (1234.0, "1,200"),
        (2.5e6, "2.5e6"),
        (-0.5, "−0.50"),
        (inf, "∞"),
        (-inf, "−∞"),
        (nan, "NaN"),
    ],
)
def test_short_keeps_two_digits(value: float, text: str) -> None:
    assert short(value) == text


def test_short_rounds_across_a_power_of_ten() -> None:
    assert short(0.0996, 2) == "0.10"
    assert short(99.7, 2) == "100"


@pytest.mark.parametrize(
    ("value", "text"), [(0.01, "0.01"), (5e-5, "5e−5"), (200.0, "200"), (0.0, "0"), (2.5, "2.5")]
)
def test_ticks_have_no_idle_zeros(value: float, text: str) -> None:
    assert tick(value) == text


def test_numbers_keep_their_digits_and_no_idle_zeros() -> None:
    assert [trimmed(value) for value in (0.5, 12345.0, 0.0001234)] == ["0.5", "12,300", "1.23e−4"]
    assert trimmed(48.934, 4) == "48.93"


def test_what_rounds_to_nothing_has_no_sign() -> None:
    assert [signed(value, 2) for value in (-0.001, -1.5, 1234.5)] == ["0.00", "−1.50", "+1,234.50"]


@pytest.mark.parametrize(
    ("low", "high"), [(0.0, 1.0), (56.6, 92.0), (-3.0, 4.0), (0.1, 0.12), (1e-9, 3e-9)]
)
def test_nice_ticks_lie_within_and_are_few(low: float, high: float) -> None:
    ticks = nice_ticks(low, high)
    assert 2 <= len(ticks) <= 6
    assert all(low - 1e-6 * high <= value <= high * (1 + 1e-6) for value in ticks)


def test_a_range_without_width_has_one_tick() -> None:
    assert nice_ticks(0.5, 0.5) == (0.5,)


def test_bytes_take_decimal_units() -> None:
    assert [bytes_text(size) for size in (812, 41_000, 9_800_000, 2.5e9)] == [
        "812\N{NO-BREAK SPACE}B",
        "41.0\N{NO-BREAK SPACE}kB",
        "9.8\N{NO-BREAK SPACE}MB",
        "2.5\N{NO-BREAK SPACE}GB",
    ]
    assert byte_unit(5e6) == (1e3, "kB")
    assert byte_unit(5e7) == (1e6, "MB")


def test_shares_are_percent_and_their_losses_points() -> None:
    assert metric_text("top1", 0.918) == "91.8\N{NO-BREAK SPACE}%"
    assert drop_text("top1", 0.003) == "−0.30\N{NO-BREAK SPACE}pp"
    assert drop_text("top1", -0.003) == "+0.30\N{NO-BREAK SPACE}pp"
    assert drop_text("top1", 0.0) == "0.00\N{NO-BREAK SPACE}pp"


def test_other_metrics_keep_their_unit() -> None:
    assert metric_text("rmse", 12.345) == "12.35"
    assert drop_text("rmse", 0.25) == "0.25"


def test_sentence_case_keeps_abbreviations() -> None:
    assert sentence_case("divergence (KL, nats)") == "Divergence (KL, nats)"
