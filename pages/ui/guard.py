"""Errors a user can meet become one card; a stack trace never reaches the screen."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from analysis.errors import AnalysisError, UnknownRunError
from pages.ui.controls import error_card, page_done

_log = logging.getLogger("quantscope")


@contextmanager
def guarded() -> Iterator[None]:
    """Show an `AnalysisError` of the block (or, as a decorator, of the function) as a card."""
    try:
        yield
    except UnknownRunError as error:
        error_card(str(error), place="runs", label="Open the list of runs")
    except AnalysisError as error:
        error_card(str(error))


def show_defect(error: Exception) -> bool:
    """The last resort: a defect of ours as a card with a number that finds it in the log."""
    number = secrets.token_hex(3)
    _log.error("defect %s", number, exc_info=error)
    error_card(
        "Quantscope met an error of its own and could not draw this page.",
        f"Nothing computed is lost. Reload the page; the server's log names the cause "
        f"under {number}.",
        title="Something broke",
    )
    page_done("defect")
    return True
