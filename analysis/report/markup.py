"""HTML from text and numbers; whatever comes from outside is escaped here."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape


class Html(str):
    """Text that is markup already; plain `str` is escaped wherever it is put."""

    __slots__ = ()


class Cell(Html):
    """A whole cell of a table, where it needs a class of its own."""

    __slots__ = ()


def put(text: str) -> str:
    """Markup as it is, text escaped; quotes need no escape between tags."""
    return text if isinstance(text, Html) else escape(text, quote=False)


def tag(name: str, *content: str, kind: str = "") -> Html:
    """One element with an optional class."""
    head = f'{name} class="{escape(kind)}"' if kind else name
    return Html(f"<{head}>{''.join(map(put, content))}</{name}>")


def joined(parts: Iterable[str]) -> Html:
    """Parts one after another."""
    return Html("\n".join(map(put, parts)))


def table(
    headers: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str, ours: int | None = None
) -> Html:
    """A table that scrolls sideways on a phone; row `ours` is bold."""
    head = tag("tr", *(tag("th", header) for header in headers))
    body = [
        tag("tr", *map(_cell, row), kind="ours" if index == ours else "")
        for index, row in enumerate(rows)
    ]
    inside = [tag("caption", caption), tag("thead", head), tag("tbody", joined(body))]
    return tag("div", tag("table", *inside), kind="wide")


def _cell(content: str) -> Html:
    return content if isinstance(content, Cell) else tag("td", content)


def page(title: str, style: str, body: str) -> Html:
    """A whole document that may load and run nothing: its own style sheet, by hash, is all.

    Args:
        title: text of the window's title.
        style: a style sheet; no other style applies.
        body: markup.
    """
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return Html(
        '<!doctype html>\n<html lang="en-GB">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n{put(body)}\n</body>\n</html>\n"
    )
