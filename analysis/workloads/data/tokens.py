"""Texts to token numbers: by a tokenizer of the user's, or byte by byte; torch-free."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.errors import UnsupportedFileError, WorkloadError
from analysis.workloads.data.words import Decode

Tokens = NDArray[np.int64]
Tokenize = Callable[[str], Sequence[int]]


@dataclass(frozen=True, slots=True)
class TextCode:
    """A tokenizer: from text to token numbers, and back for people to read."""

    tokenize: Tokenize
    decode: Decode


def bytes_of(text: str) -> Sequence[int]:
    """The UTF-8 bytes of a text: 256 tokens and no vocabulary."""
    return text.encode("utf-8", errors="replace")


def text_of(tokens: Sequence[int]) -> str:
    """The text of UTF-8 bytes; what is none becomes a replacement character."""
    return bytes(min(max(token, 0), 255) for token in tokens).decode("utf-8", errors="replace")


def tokenizer_of(source: str | None) -> TextCode:
    """What turns a text into token numbers and back.

    Args:
        source: a Hugging Face folder, a ``tokenizer.json`` or a ``.gguf`` file; None takes bytes.

    Raises:
        WorkloadError: there is no such file, or the package that reads it is not installed.
        UnsupportedFileError: the file cannot be read.
    """
    if source is None:
        return TextCode(bytes_of, text_of)
    path = Path(source).expanduser()
    if path.suffix.lower() == ".gguf" and path.is_file():
        return _gguf(path)
    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.is_file():
        raise WorkloadError(
            f"The tokenizer must be a folder with tokenizer.json, that file, or a GGUF file; there "
            f"is none at {source!r:.200}. Check the path, or leave it out to take bytes."
        )
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise _missing("tokenizers") from None
    try:
        made = Tokenizer.from_file(str(file))
    except Exception as error:  # the Rust reader raises bare exceptions
        raise UnsupportedFileError(
            f"tokenizer.json must be one of a Hugging Face tokenizer; it cannot be read: "
            f"{error!s:.150}. Save the tokenizer again."
        ) from error
    return TextCode(
        lambda text: list(made.encode(text, add_special_tokens=False).ids),
        lambda tokens: str(made.decode(list(tokens), skip_special_tokens=False)),
    )


def _gguf(path: Path) -> TextCode:
    try:
        from transformers import AutoTokenizer
    except ImportError:
        raise _missing("transformers") from None
    try:
        made = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    except Exception as error:
        raise UnsupportedFileError(
            f"The GGUF file must hold a tokenizer that transformers can read; it says "
            f"{error!s:.150}. Give a folder with tokenizer.json instead."
        ) from error
    return TextCode(
        lambda text: list(made.encode(text, add_special_tokens=False)),
        lambda tokens: str(made.decode(list(tokens))),
    )


def _missing(package: str) -> WorkloadError:
    return WorkloadError(
        f"A tokenizer of a model needs the package {package}, which is not installed; install "
        f"it, or leave the tokenizer out to take bytes."
    )


def joined(texts: Sequence[str], tokenize: Tokenize) -> Tokens:
    """All texts as one run of tokens."""
    runs = [np.fromiter(tokenize(text), np.int64) for text in texts]
    return np.concatenate(runs) if runs else np.empty(0, np.int64)


def padded(texts: Sequence[str], tokenize: Tokenize, length: int) -> tuple[Tokens, Tokens]:
    """Texts cut or filled with zeros to a length, and which places are real: (texts, length)."""
    ids = np.zeros((len(texts), length), np.int64)
    real = np.zeros_like(ids)
    for row, text in enumerate(texts):
        found = list(tokenize(text))[:length]
        ids[row, : len(found)] = found
        real[row, : max(len(found), 1)] = 1
    return ids, real
