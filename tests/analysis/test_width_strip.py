"""What fewer bits do to a text: a tiny GPT that has learnt some English."""

from dataclasses import replace

import pytest
import torch

from analysis.quant.spec import QuantSpec
from analysis.width_strip import MAX_TOKENS, in_words, width_strip
from analysis.workloads.parts import pick_samples
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Workload
from pages.ui.token_text import token_answer
from tests.fixtures.char_gpt import SIGNS, make

SPEC = QuantSpec.parse("int8 asym per-channel minmax")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workload() -> Workload:
    return make()


@pytest.fixture(scope="module")
def made(workload: Workload) -> Subject:
    return subject(workload)


def test_the_strip_tells_the_text_and_the_next_tokens(made: Subject) -> None:
    layer = made.layers[0]
    strip = width_strip(made, layer, [SPEC.with_bits(bits) for bits in (8, 2)], 1)
    assert strip.kind == "tokens"
    inputs, _ = pick_samples(made.parts.sweep, [1])[0]
    assert isinstance(inputs, torch.Tensor)
    assert strip.given == tuple(inputs[0, -MAX_TOKENS:].tolist())
    expected = made.model(inputs)[0, -MAX_TOKENS:].argmax(-1)
    assert strip.rows[0].answers == tuple(expected.tolist())
    changed = [
        sum(a != b for a, b in zip(strip.rows[0].answers, row.answers, strict=True))
        for row in strip.rows
    ]
    assert changed[0] == 0 <= changed[1] < changed[2]


def test_changed_tokens_read_as_text(made: Subject) -> None:
    strip = width_strip(made, made.layers[0], [SPEC.with_bits(2)], 1)
    strip = replace(strip, classes=SIGNS)
    said = token_answer(strip, strip.rows[1], strip.rows[0])
    assert "next tokens changed:** after" in said
    assert not any(sign in said.replace("\\" + sign, "").replace("**", "") for sign in "*[<")


def test_tokens_are_told_by_a_decoder_and_only_those_that_occur(made: Subject) -> None:
    strip = width_strip(made, made.layers[0], [SPEC.with_bits(2)], 1)
    told = in_words(strip, lambda tokens: "".join(SIGNS[token] for token in tokens))
    assert "".join(told.classes[token] for token in told.given) == "".join(
        SIGNS[token] for token in strip.given
    )
    for before, after in zip(strip.rows, told.rows, strict=True):
        assert [told.classes[n] for n in after.answers] == [SIGNS[n] for n in before.answers]
    answers = {token for row in strip.rows for token in row.answers}
    assert len(told.classes) == len({*strip.given, *answers})
