"""What all pages share: menu, address, guard, the end mark, no torch."""

import subprocess
import sys
from typing import get_args

import pytest
from streamlit.testing.v1 import AppTest

from analysis.paths import app_dir
from analysis.runs.store import RunStore
from pages.ui.places import Place, page_file
from tests.sensitivities import make_sensitivities
from tests.stored import add_job

PLACES: tuple[Place, ...] = get_args(Place)


def marks(app: AppTest) -> list[str]:
    return [html.proto.body for html in app.get("html") if "page-done" in html.proto.body]


@pytest.mark.parametrize("place", PLACES)
def test_every_page_shows_the_demo_on_a_first_visit(open_page, place):
    app = open_page(place)
    assert not app.exception
    assert not app.error
    (mark,) = marks(app)
    assert f"data-page='{place}'" in mark


@pytest.mark.parametrize("place", [p for p in PLACES if p not in ("model", "runs")])
def test_a_deleted_run_in_a_link_is_one_card(open_page, place):
    app = open_page(place, run="f" * 32)
    assert not app.exception
    assert any("There is no run" in card.value for card in app.error)
    assert marks(app)


def test_the_chosen_run_stays_on_other_pages(open_page, filled):
    app = open_page("overview", run=filled.run)
    app.query_params.clear()
    app.switch_page(str(page_file("layers"))).run()
    assert any("made" in caption.value for caption in app.sidebar.caption)


def test_a_running_job_of_this_owner_is_in_the_sidebar(open_page):
    result = make_sensitivities(4, complete=False)
    add_job(RunStore(), result, run="busy", state="running")
    app = open_page("model")
    assert any("Sweeping" in text.value for text in app.sidebar.markdown)


def test_a_running_job_of_somebody_else_is_not(open_page):
    result = make_sensitivities(4, complete=False)
    add_job(RunStore(), result, run="busy", state="running", owner="a" * 32)
    app = open_page("model")
    assert not any("Sweeping" in text.value for text in app.sidebar.markdown)


def test_a_damaged_list_of_workloads_is_one_card(open_page, monkeypatch):
    monkeypatch.setenv("QUANTSCOPE_WORKLOADS", "{not json")
    app = open_page("model")
    assert not app.exception
    assert any("QUANTSCOPE\\_WORKLOADS" in card.value for card in app.error)


_ALL_PAGES = """
import sys
from streamlit.testing.v1 import AppTest
from pages.ui.places import page_file
import app
for place in {places!r}:
    test = AppTest.from_file({shell!r}, default_timeout=60)
    test.switch_page(str(page_file(place))).run()
    assert not test.exception, place
assert "torch" not in sys.modules
"""


@pytest.mark.slow
def test_no_page_imports_torch():
    shell = str(app_dir() / "pages/ui/shell.py")
    script = _ALL_PAGES.format(places=PLACES, shell=shell)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=app_dir(), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
