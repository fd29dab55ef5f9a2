"""From token numbers back to text by a vocabulary alone; torch-free, without tokenizers."""

import re
from collections.abc import Sequence
from functools import lru_cache

from analysis.workloads.data.words import Decode

_PRINTED = (range(0x21, 0x7F), range(0xA1, 0xAD), range(0xAE, 0x100))
"""Bytes that stand for themselves in the alphabet of byte-level pairs; the others follow 0xFF."""

_CONTINUED = "##"
_FRAME = frozenset({"[PAD]", "[CLS]", "[SEP]"})


@lru_cache(maxsize=1)
def alphabet() -> dict[str, int]:
    """Sign to byte of GPT-2's byte-level pairs (``bytes_to_unicode`` of its released encoder)."""
    printed = {byte for run in _PRINTED for byte in run}
    others = [byte for byte in range(256) if byte not in printed]
    moved = {chr(0x100 + place): byte for place, byte in enumerate(others)}
    return {chr(byte): byte for byte in printed} | moved


def byte_pairs(vocabulary: Sequence[str]) -> Decode:
    """How byte-level pairs are read; bytes that are no UTF-8 become replacement characters.

    Args:
        vocabulary: tokens by number, in the byte-level alphabet; a sign outside it is itself.
    """
    bytes_of = alphabet()

    def decode(tokens: Sequence[int]) -> str:
        signs = "".join(vocabulary[token] for token in tokens)
        content = (bytes([bytes_of[s]]) if s in bytes_of else s.encode("utf-8") for s in signs)
        return b"".join(content).decode("utf-8", errors="replace")

    return decode


def word_pieces(vocabulary: Sequence[str]) -> Decode:
    """How word pieces are read (Devlin et al., arXiv 1810.04805): ``##`` continues a word.

    Args:
        vocabulary: tokens by number; padding and the marks of a text's ends are left out.
    """

    def decode(tokens: Sequence[int]) -> str:
        pieces = (vocabulary[token] for token in tokens)
        text = " ".join(piece for piece in pieces if piece not in _FRAME)
        return re.sub(r" ([.,;:?!)])", r"\1", text.replace(f" {_CONTINUED}", ""))

    return decode
