from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.workloads.zoo.vocabulary import alphabet, byte_pairs, word_pieces

SIGNS = sorted(alphabet(), key=alphabet().__getitem__)
"""The sign of each byte: a vocabulary of 256 tokens."""


def test_every_byte_has_a_sign_of_its_own():
    assert sorted(alphabet().values()) == list(range(256))
    assert alphabet()["Ġ"] == ord(" ") and alphabet()["Ċ"] == ord("\n") and alphabet()["A"] == 65


def test_the_alphabet_is_that_of_the_library():
    library: Any = pytest.importorskip("tokenizers")
    assert set(library.pre_tokenizers.ByteLevel.alphabet()) == set(SIGNS)


@given(st.text())
def test_bytes_come_back_as_their_text(text):
    assert byte_pairs(SIGNS)(list(text.encode("utf-8"))) == text


def test_pieces_of_a_sign_join_and_a_part_of_one_is_replaced():
    decode = byte_pairs(SIGNS)
    assert decode([0xC3, 0xA9]) == "é"
    assert decode([0xC3]) == "\N{REPLACEMENT CHARACTER}"


def test_tokens_are_read_as_by_the_library():
    """The oracle: the decoder of the package that makes the tokens."""
    library: Any = pytest.importorskip("tokenizers")
    vocabulary = ["Ġthe", "Ġcat", "ĊĊ", "Ã©", "<|im_start|>", "1"]
    oracle = library.decoders.ByteLevel()
    decode = byte_pairs(vocabulary)
    for tokens in ([0, 1], [4, 0, 5, 5], [2, 3, 3, 1]):
        assert decode(tokens) == oracle.decode([vocabulary[token] for token in tokens])


def test_a_sign_outside_the_alphabet_is_itself():
    assert byte_pairs(["<\N{EURO SIGN}>", "Ġa"])([0, 1]) == "<\N{EURO SIGN}> a"


PIECES = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "money", "##less", "!", "re", ":", "(", ")"]


def test_words_are_joined_and_padding_is_left_out():
    decode = word_pieces(PIECES)
    assert decode([1, 7, 8, 4, 5, 6, 2, 0, 0]) == "re: moneyless!"
    assert decode([0, 0]) == ""
    assert decode([3, 4]) == "[UNK] money"


def test_word_pieces_are_read_as_by_the_library():
    library: Any = pytest.importorskip("tokenizers")
    oracle = library.decoders.WordPiece()
    for tokens in ([7, 4, 5, 6], [4, 4, 5], [5, 4]):
        expected = oracle.decode([PIECES[token] for token in tokens])
        assert word_pieces(PIECES)(tokens) == expected
