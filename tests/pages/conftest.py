"""The app as a script, over a data directory of each test's own."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from analysis.errors import ComputeError
from analysis.paths import app_dir
from analysis.runs.store import RunStore
from analysis.trials import SpecLook
from pages.ui import answers
from pages.ui.places import Place, page_file
from tests.sensitivities import make_sensitivities
from tests.stored import Filled, fill_store


class NoCompute:
    """Stands where the compute process would: pages must do without its answers."""

    def look(self, *_question: object) -> SpecLook:
        """Refuse."""
        raise ComputeError("No compute process runs in this test.")

    table = trial = strip = heads = look


@pytest.fixture(autouse=True)
def _no_compute_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "compute_process", lambda _home: NoCompute())


@pytest.fixture
def filled() -> Filled:
    """A finished, made-up sweep of 12 layers of this session's owner in the store."""
    return fill_store(RunStore(), make_sensitivities(), source="/made_up.py:make")


@pytest.fixture
def open_page() -> Callable[..., AppTest]:
    """Opens a page of the app at an address, as a first visit, with a section unfolded."""

    def opened(place: Place, *, unfolded: str | None = None, **params: str) -> AppTest:
        app = AppTest.from_file(str(app_dir() / "pages/ui/shell.py"), default_timeout=60)
        for name, value in params.items():
            app.query_params[name] = value
        if place != "overview":
            app.switch_page(str(page_file(place)))
        if unfolded is not None:
            app.session_state[unfolded] = True
        return app.run()

    return opened
