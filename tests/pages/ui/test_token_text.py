from dataclasses import replace

import pytest

from analysis.trials import WidthRow, WidthStrip
from pages.ui.token_text import MAX_CHANGES, token_answer

NAMES = ("<b>", "a*", " the", "\n", "[x](y)")


def row(bits: int | None, *answers: int) -> WidthRow:
    return WidthRow(None, bits, (), answers, 0.0, 0.0)


STRIP = WidthStrip(
    layer="head",
    sample=0,
    samples=9,
    kind="tokens",
    seen="3 positions",
    classes=NAMES,
    given=(0, 1, 2),
    target=None,
    rows=(row(None, 1, 2, 3), row(4, 1, 2, 3), row(2, 4, 2, 0)),
)


def test_float_tells_what_it_reads_and_what_it_expects():
    said = token_answer(STRIP, STRIP.rows[0], STRIP.rows[0])
    assert "reads" in said and "␣the" in said and "⏎" in said


def test_the_same_tokens_are_said_to_be_the_same():
    assert token_answer(STRIP, STRIP.rows[1], STRIP.rows[0]) == "the same 3 next tokens"


def test_each_change_stands_after_what_it_follows():
    said = token_answer(STRIP, STRIP.rows[2], STRIP.rows[0]).replace("\\", "")
    assert said.startswith("**2 of 3 next tokens changed:** after <b> a* → [x](y)")
    assert "after <b>a*␣the ⏎ → <b>" in said


@pytest.mark.parametrize("which", [0, 2])
def test_text_of_a_workload_is_escaped(which):
    said = token_answer(STRIP, STRIP.rows[which], STRIP.rows[0])
    assert "<b>" not in said and "a*" not in said and "[x]" not in said


def test_without_names_tokens_are_numbers():
    bare = replace(STRIP, classes=(), given=())
    assert token_answer(bare, bare.rows[0], bare.rows[0]) == "expects 1 2 3"
    assert "0: 1 → 4; 2: 3 → 0" in token_answer(bare, bare.rows[2], bare.rows[0])


def test_many_changes_are_cut_short():
    before, after = row(None, *[1] * 20), row(2, *[2] * 20)
    said = token_answer(replace(STRIP, given=tuple([0] * 20)), after, before)
    assert said.count("→") == MAX_CHANGES and said.endswith("…")
