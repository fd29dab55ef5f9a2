"""Where the pages are: links and jumps by name, with parameters in the address."""

from pathlib import Path
from typing import Literal, NoReturn

import streamlit as st

Place = Literal["overview", "model", "layers", "sensitivity", "recipe", "score", "runs"]

PAGES = Path(__file__).resolve().parents[1]


def page_file(place: Place) -> Path:
    """The script of a page."""
    return PAGES / f"{place}.py"


def go(place: Place, **params: str | None) -> NoReturn:
    """Open a page now; parameters that are None stay out of the address."""
    st.switch_page(page_file(place), query_params=_given(params))


def link(place: Place, label: str, *, icon: str | None = None, **params: str | None) -> None:
    """A link to a page; parameters that are None stay out of the address."""
    st.page_link(page_file(place), label=label, icon=icon, query_params=_given(params))


def _given(params: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in params.items() if value is not None}
