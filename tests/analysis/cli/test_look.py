from analysis.cli.look import BAR_COUNT, bars


def test_bars_keep_the_shape_of_a_histogram() -> None:
    counts = [0] * 120 + [100] * 16 + [0] * 120
    drawn = bars(counts)
    assert len(drawn) == BAR_COUNT
    assert drawn[0] == drawn[-1] == "▁"
    assert "█" in drawn[10:14]


def test_bars_of_nothing_are_nothing() -> None:
    assert bars([]) == ""
    assert bars([0, 0]) == ""
