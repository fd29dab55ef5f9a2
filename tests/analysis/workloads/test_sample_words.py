import pytest
import torch

from analysis.workloads.sample_words import SHOWN_LETTERS, input_words, is_tokens, token_word


def letters(tokens) -> str:
    return "".join(chr(97 + token) for token in tokens)


def test_tokens_are_read_as_text():
    assert input_words(torch.tensor([[7, 4, 11, 11, 14]]), letters) == "hello"


def test_padding_is_left_out():
    inputs = {
        "input_ids": torch.tensor([[7, 8, 0, 0]]),
        "attention_mask": torch.tensor([[1, 1, 0, 0]]),
    }
    assert input_words(inputs, letters) == "hi"


def test_without_a_reader_tokens_are_numbers():
    assert input_words(torch.tensor([[7, 4, 11]])) == "7 4 11"


def test_a_long_text_is_cut_at_its_end_or_before_the_answer():
    long = torch.arange(2 * SHOWN_LETTERS)[None] % 26
    assert input_words(long, letters).endswith(" …")
    before = input_words(long, letters, end=300)
    assert before.startswith("… ") and before.endswith(letters((long[0, :300]).tolist())[-9:])


def test_a_long_text_is_cut_between_words():
    text = " ".join(f"word{number}" for number in range(100))
    tokens = torch.zeros(1, 300, dtype=torch.int64)
    for end in (None, 300):
        told = input_words(tokens, lambda _: text, end=end).strip("… ")
        assert len(told) <= SHOWN_LETTERS and set(told.split()) <= set(text.split())


def test_rows_name_their_columns():
    row = (torch.tensor([3]), torch.tensor([[0.5, 12.0]]))
    assert input_words(row, columns=("kind", "price", "age")) == "kind 3, price 0.5, age 12"


def test_only_sequences_of_numbers_are_tokens():
    assert is_tokens(torch.tensor([1, 2]))
    assert not is_tokens(torch.tensor([1.0, 2.0]))
    assert not is_tokens(torch.tensor([True, False]))
    assert not is_tokens(torch.tensor([[1, 2]]))


def test_blank_tokens_are_kept_where_screens_have_signs_for_them():
    assert token_word(0, lambda _: " \n") == " \n"
    assert token_word(0, lambda _: " a") == " a"
    assert token_word(7, None) == "7"


@pytest.mark.parametrize("text", ["", "\r", " \N{NO-BREAK SPACE}"])
def test_tokens_that_leave_no_mark_are_spelled_out(text):
    assert token_word(0, lambda _: text) == repr(text)
