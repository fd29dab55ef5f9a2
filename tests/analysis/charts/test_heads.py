import json
from math import isnan

from analysis.charts.heads import head_alt, head_heatmap, head_info
from analysis.sensitivity.heads.values import HeadRow, HeadScores

SCORES = HeadScores(
    label="int4 asym per-channel minmax",
    kind="kl",
    samples=20,
    total=64,
    error=0.3,
    rows=(
        HeadRow("h.0", "h.0.q_proj", "q", (0.1, 0.01, 0.001)),
        HeadRow("h.0", "h.0.k_proj", "k", (0.5,)),
        HeadRow("h.1", "h.1.q_proj", "q", (0.2, 0.02)),
    ),
)


def test_layers_with_fewer_heads_end_early() -> None:
    info = head_info(SCORES, "q")
    assert info.grid.layers == ("h.0", "h.1")
    assert info.grid.bits == (1, 2, 3)
    assert isnan(info.shares[1, 2])
    assert info.shares[1, 0] == 1
    assert info.shares[0, 2] == 0


def test_the_figure_tells_the_head_and_that_it_is_an_estimate() -> None:
    document = json.loads(head_heatmap(SCORES, "q").to_json())
    overlay = document["data"][-1]
    assert overlay["customdata"] == [["h.0", 1], ["h.0", 2], ["h.0", 3], ["h.1", 1], ["h.1", 2]]
    assert "an estimate" in overlay["hovertemplate"]
    assert "on 20 of 64 sweep samples" in overlay["hovertemplate"]
    assert document["layout"]["xaxis"]["title"]["text"] == "head"


def test_the_sentence_names_the_worst_head() -> None:
    assert "worst is head 1 of h.1 with 0.20." in head_alt(SCORES, "q")
    assert "keys" in head_alt(SCORES, "k")
    assert SCORES.parts == ("q", "k")


def test_many_heads_are_labelled_in_steps() -> None:
    wide = HeadScores("l", "kl", 1, 1, 0.1, (HeadRow("h", "q", "q", tuple([0.1] * 40)),))
    labels = json.loads(head_heatmap(wide, "q").to_json())["layout"]["xaxis"]["ticktext"]
    assert labels == [
        "1",
        "4",
        "7",
        "10",
        "13",
        "16",
        "19",
        "22",
        "25",
        "28",
        "31",
        "34",
        "37",
        "40",
    ]
