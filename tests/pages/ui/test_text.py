from math import inf, nan

import pytest

from pages.ui import text


def spaced(string: str) -> str:
    return string.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 B"), (812, "812 B"), (1_000, "1.0 kB"), (41_000, "41.0 kB"), (9_800_000, "9.8 MB")],
)
def test_sizes_are_decimal(size, shown):
    assert spaced(text.bytes_text(size)) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(7, "7"), (9_216, "9,216"), (78_400, "78.4 k"), (25_600_000, "25.6 M")]
)
def test_counts(count, shown):
    assert spaced(text.count_text(count)) == shown


def test_shares_and_changes():
    assert spaced(text.percent(0.918)) == "91.8 %"
    assert spaced(text.signed_percent(-0.87)) == "−87 %"
    assert spaced(text.points_text(-0.0095)) == "−0.95 pp"
    assert spaced(text.points_text(0.01)) == "+1.00 pp"


def test_a_change_that_rounds_to_nothing_has_no_sign():
    assert spaced(text.points_text(-0.00001)) == "0.00 pp"


def test_a_loss_of_a_share_is_shown_as_the_change_people_see():
    assert spaced(text.drop_text("top1", 0.003)) == "−0.30 pp"
    assert text.drop_text("rmse", 0.25) == "+0.25"


def test_an_interval_of_a_loss_is_turned_round_with_it():
    assert spaced(text.interval_text(-0.002, 0.008, "top1")) == "95 % interval −0.80 to +0.20 pp"
    assert text.spread_text(-0.002, 0.008, "top1") == "±0.50"


def test_numbers_that_are_none():
    assert text.number_text(inf) == "∞"
    assert text.number_text(-inf) == "−∞"
    assert text.number_text(nan) == "NaN"
    assert text.decibel_text(inf) == "exact"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.42, "0.4 s"),
        (48.2, "48 s"),
        (59.7, "1 min 0 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations(seconds, shown):
    assert spaced(text.duration(seconds)) == shown


def test_metrics_know_their_unit():
    assert spaced(text.metric_text("top1", 0.9174)) == "91.7 %"
    assert text.metric_text("perplexity", 48.93) == "48.93"
    assert text.metric_title("top1") == "Top-1"


def test_one_sample_is_singular():
    assert text.samples_text(1, "sweep") == "1 sweep sample"
    assert text.samples_text(2000, "evaluation") == "2,000 evaluation samples"


def test_shapes():
    assert text.shape_text((16, 3, 3)) == "16 × 3 × 3"
    assert text.shape_text(()) == "scalar"
    assert text.shape_text(None) == "–"


def test_markdown_from_outside_is_harmless():
    assert text.plain("[x](http://a.b) **b** `c` <i> :red[d]") == (
        "\\[x\\]\\(http\\://a\\.b\\) \\*\\*b\\*\\* \\`c\\` \\<i\\> \\:red\\[d\\]"
    )
