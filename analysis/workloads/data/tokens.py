"""Texts to token numbers: by a tokenizer of the user's, or byte by byte; torch-free."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.errors import UnsupportedFileError, WorkloadError
from analysis.workloads.data.words import Decode

Tokens = NDArray[np.int64]
Tokenize = Callable[[str], Sequence[int]]
TokenizeWhole = Callable[[str, int], Sequence[int]]

VOCABULARIES = (
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "tokenizer.model",
    "sentencepiece.bpe.model",
)
"""Files of tokenizers that were saved before there was one file for all."""


@dataclass(frozen=True, slots=True)
class TextCode:
    """A tokenizer: from text to token numbers, and back for people to read.

    Attributes:
        tokenize: a part of a text, as it is.
        whole: a text of its own in at most so many tokens, with those the model expects around it.
    """

    tokenize: Tokenize
    whole: TokenizeWhole
    decode: Decode


def has_tokenizer(folder: Path) -> bool:
    """Whether a folder holds a tokenizer that `tokenizer_of` reads."""
    return any((folder / name).is_file() for name in ("tokenizer.json", *VOCABULARIES))


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
        return TextCode(bytes_of, lambda text, most: bytes_of(text)[:most], text_of)
    path = Path(source).expanduser()
    if path.suffix.lower() == ".gguf" and path.is_file():
        return _of_transformers("The GGUF file", path.parent, gguf_file=path.name)
    file = path / "tokenizer.json" if path.is_dir() else path
    if path.is_dir() and not file.is_file() and has_tokenizer(path):
        return _of_transformers("The folder", path)
    if not file.is_file():
        raise WorkloadError(
            f"The tokenizer must be a folder with tokenizer.json, that file, or a GGUF file; there "
            f"is none at {source!r:.200}. Check the path, or leave it out to take bytes."
        )
    return _of_file(file)


def _of_file(file: Path) -> TextCode:
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
    # a file may say that texts are cut and filled up, which would end a long text after a page
    made.no_truncation()
    made.no_padding()

    def whole(text: str, most: int) -> Sequence[int]:
        made.enable_truncation(most)
        ids = list(made.encode(text).ids)
        made.no_truncation()
        return ids

    return TextCode(
        lambda text: list(made.encode(text, add_special_tokens=False).ids),
        whole,
        lambda tokens: str(made.decode(list(tokens), skip_special_tokens=False)),
    )


def _of_transformers(what: str, folder: Path, **options: str) -> TextCode:
    try:
        from transformers import AutoTokenizer
    except ImportError:
        raise _missing("transformers") from None
    try:
        made: Any = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, **options
        )
    except Exception as error:
        raise UnsupportedFileError(
            f"{what} must hold a tokenizer that transformers can read; it says "
            f"{error!s:.150}. Give a folder with tokenizer.json instead."
        ) from error
    return TextCode(
        lambda text: list(made.encode(text, add_special_tokens=False)),
        lambda text, most: list(made.encode(text, truncation=True, max_length=most)),
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


def padded(
    texts: Sequence[str], whole: TokenizeWhole, length: int, pad: int = 0
) -> tuple[Tokens, Tokens]:
    """Texts cut or filled to a length, and which places are real: (texts, length).

    Args:
        texts: each a sample of its own.
        whole: of a `TextCode`.
        length: tokens of each.
        pad: the token that fills.
    """
    ids = np.full((len(texts), length), pad, np.int64)
    real = np.zeros_like(ids)
    for row, text in enumerate(texts):
        found = list(whole(text, length))[:length]
        ids[row, : len(found)] = found
        real[row, : max(len(found), 1)] = 1
    return ids, real
