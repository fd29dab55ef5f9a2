"""What a zoo model's numbers stand for: tokens of a vocabulary, titles of films; torch-free."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

FILE = "texts.json"
TOKENS, FILMS = "tokens", "films"


def write_texts(folder: Path, texts: Mapping[str, Sequence[str]]) -> None:
    """Write what the numbers of each kind stand for, from 0 on."""
    content = json.dumps({kind: list(known) for kind, known in texts.items()}, ensure_ascii=False)
    (folder / FILE).write_text(content, encoding="utf-8")


def read_texts(folder: Path, kind: str) -> tuple[str, ...]:
    """The texts of one kind; none in a folder that was prepared before texts were kept.

    Numbers are shown then, and every figure is the same.
    """
    file = folder / FILE
    if not file.is_file():
        return ()
    return tuple(json.loads(file.read_text(encoding="utf-8"))[kind])
