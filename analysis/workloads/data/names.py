"""Names that come out of a user's files, checked before they are shown; torch-free."""

import re

from analysis.errors import UnsupportedFileError

_CLASS = re.compile(r"[\w][\w .,()+&'’/-]{0,79}")
JUNK = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"})
"""What systems add to archives and folders by themselves."""


def class_name(name: str) -> str:
    """The name, if it can be shown as that of a class.

    Raises:
        UnsupportedFileError: it is empty, longer than 80 characters or holds markup; never quoted.
    """
    if not _CLASS.fullmatch(name):
        raise UnsupportedFileError(
            "Names of classes must be 1 to 80 letters, digits, spaces or . , ( ) + & ' / -; one "
            "holds something else. Rename it."
        )
    return name


def shown_name(name: str) -> str:
    """A name or text from a file, as far as it can be shown: printable, at most 40 characters."""
    printable = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name[:41]
    )
    return printable if len(printable) <= 40 else f"{printable[:39]}…"


def entry_parts(name: str) -> tuple[str, ...]:
    """The folders and the file of an archive's entry.

    Raises:
        UnsupportedFileError: the name is absolute or leads out of the archive; never quoted.
    """
    parts = tuple(name.split("/"))
    unsafe = any(part in ("", ".", "..") for part in parts)
    if unsafe or "\\" in name or ":" in name or not name.isprintable():
        raise UnsupportedFileError(
            "Entries of an archive must have plain relative names such as cats/one.png; one leads "
            "elsewhere or holds control characters. Pack the folder again."
        )
    return parts
