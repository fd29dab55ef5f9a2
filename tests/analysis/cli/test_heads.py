import json
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.cli.heads import heads_text
from analysis.cli.main import run
from analysis.sensitivity.heads.values import HeadRow, HeadScores

CASE = """
import analysis as qs
from tests.nets import make_workload

def make():
    return make_workload("encoder")
"""
SHARED_KEYS = HeadScores(
    label="int4 asym per-channel minmax",
    kind="kl",
    samples=20,
    total=64,
    error=0.123,
    rows=(
        HeadRow("h.0.attn", "h.0.attn.q_proj", "q", (0.1, 0.4, 0.02, 0.2)),
        HeadRow("h.0.attn", "h.0.attn.k_proj", "k", (0.3, 0.001)),
        HeadRow("h.1.attn", "h.1.attn.q_proj", "q", (0.5,)),
        HeadRow("h.1.attn", "h.1.attn.k_proj", "k", (0.6,)),
        HeadRow("h.1.attn", "h.1.attn.o_proj", "o", (0.7,)),
    ),
)


def test_each_layer_has_its_heads_and_the_ends_of_every_projection() -> None:
    lines = heads_text(SHARED_KEYS).splitlines()
    assert lines[0].split("  ")[0] == "attention layer"
    first, second = (line.split() for line in lines[1:3])
    assert first[:3] == ["h.0.attn", "4", "2"]
    assert " ".join(first[3:]) == "2: 0.40 … 3: 0.020 1: 0.30 … 2: 0.0010 –"
    assert " ".join(second) == "h.1.attn 1 1 1: 0.50 1: 0.60 1: 0.70"


def test_the_model_s_extremes_are_named_worst_and_best_first() -> None:
    text = heads_text(SHARED_KEYS)
    worst = text.partition("most sensitive")[2].splitlines()[1].split()
    best = text.partition("least sensitive")[2].splitlines()[1].split()
    assert worst == ["h.1.attn", "output", "1", "0.700"]
    assert best == ["h.0.attn", "keys", "2", "0.00100"]


def test_no_head_is_told_as_the_most_and_the_least() -> None:
    parts = heads_text(SHARED_KEYS).split("\n\n")
    told = [set(part.splitlines()[1:]) for part in parts if "sensitive" in part]
    assert [len(lines) for lines in told] == [4, 4]  # of nine heads
    assert told[0].isdisjoint(told[1])


def test_the_text_says_what_the_figures_are() -> None:
    words = heads_text(SHARED_KEYS).splitlines()[-1]
    assert words.startswith("≈ estimated, not measured: divergence (KL, nats)")
    assert "20 of 64 sweep samples" in words and "12 %. More time, such as --seconds" in words
    assert "More time" not in heads_text(replace(SHARED_KEYS, samples=64))
    assert "int4 asym per-channel minmax" in words


def test_the_document_holds_every_head(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "case.py").write_text(CASE)
    assert run(["heads", f"{tmp_path / 'case.py'}:make", "--bits", "3", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["label"].startswith("int3 ")
    assert document["kind"] == "kl" and document["workload"]
    assert {row["part"] for row in document["rows"]} == {"q", "k", "v", "o"}
    assert all(min(row["divergence"]) >= 0 for row in document["rows"])


def test_a_model_without_attention_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["heads", "digits"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert "no layer of this model has such names" in output.err
    assert len(output.err.strip().splitlines()) == 1
