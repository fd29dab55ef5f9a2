"""The Recipe page in the browser, on the demo: slider, lock, undo, what-if, and the verdict."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.serving import serving, wait_charts, wait_drawn

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EIGHT = re.compile(r"^(int)?8\b")
"""The first 8-bit option: the width, or its format where a width was swept in several ways."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory of its own, since what is scored here changes the demo's pages."""
    return tmp_path_factory.mktemp("recipe-home")


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """A server of its own."""
    with serving(home) as url:
        yield url


def _figure(page: Page, label: str) -> Locator:
    card = page.get_by_test_id("stMetric").filter(
        has=page.get_by_test_id("stMetricLabel").get_by_text(label, exact=True)
    )
    return card.get_by_test_id("stMetricValue")


def _changed(page: Page, count: int) -> int:
    """Wait for a run after this one, and until no other follows."""
    seen = wait_drawn(page, "recipe", after=count)
    for _ in range(30):
        page.wait_for_timeout(700)
        now = wait_drawn(page, "recipe")
        if now == seen:
            return now
        seen = now
    raise AssertionError("the page does not come to rest")


def _choose(page: Page, box: str, text: str) -> None:
    """Pick an entry of a list; a rerun that is still under way may close the list once."""
    option = page.get_by_role("option").filter(has_text=text)
    for _ in range(5):
        page.get_by_role("combobox", name=box).click()
        page.wait_for_timeout(1000)
        if option.count():
            option.first.click()
            return
        page.keyboard.press("Escape")
    raise AssertionError(f"no entry {text!r} in {box!r}")


def test_slider_lock_undo_and_what_if(page: Page, address: str):
    page.goto(f"{address}/recipe")
    count = wait_drawn(page, "recipe")
    wait_charts(page)
    size = _figure(page, "Size")
    opened = size.inner_text()

    # the slider re-solves at once, and says so in the address
    page.get_by_role("slider").first.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    count = _changed(page, count)
    expect(size).not_to_have_text(opened)
    page.wait_for_url("**bytes=*")
    solved = size.inner_text()

    # what-if tells the change before anything is applied
    _choose(page, "Layer or block", "stage2 (3 layers)")
    count = _changed(page, count)
    page.get_by_role("radiogroup", name="Bits").get_by_text(EIGHT).first.click()
    page.wait_for_timeout(1000)
    count = _changed(page, 0)
    expect(_figure(page, "Δ bytes")).to_contain_text("+")
    expect(size).to_have_text(solved)

    # applied, its layers are locked: another limit leaves them alone
    page.get_by_role("button", name="Apply to stage2").click()
    count = _changed(page, count)
    expect(size).not_to_have_text(solved)
    applied = size.inner_text()
    expect(_figure(page, "Δ bytes")).to_have_text("0\N{NO-BREAK SPACE}B")
    page.get_by_role("slider").first.focus()
    page.keyboard.press("End")
    count = _changed(page, count)
    expect(_figure(page, "Δ bytes")).to_have_text("0\N{NO-BREAK SPACE}B")

    # two steps back
    page.get_by_role("button", name="Undo").click()
    count = _changed(page, count)
    expect(size).to_have_text(applied)
    page.get_by_role("button", name="Undo").click()
    _changed(page, count)
    expect(size).to_have_text(solved)


def test_limits_of_a_link_hold_when_the_slider_moves(page: Page, address: str):
    page.goto(f"{address}/recipe?limits=widths:1")
    count = wait_drawn(page, "recipe")
    said = page.get_by_text("Also in force: at most 1 width")
    expect(said).to_be_visible()
    size = _figure(page, "Size")
    opened = size.inner_text()
    page.get_by_role("slider").first.focus()
    page.keyboard.press("End")
    count = _changed(page, count)
    expect(said).to_be_visible()
    expect(size).not_to_have_text(opened)
    page.wait_for_url("**limits=widths*")
    page.get_by_role("button", name="Undo").click()
    _changed(page, count)
    expect(size).to_have_text(opened)


def test_hardware_warns_first_and_changes_nothing(page: Page, address: str):
    page.goto(f"{address}/recipe?hardware=onnxruntime-cpu")
    count = wait_drawn(page, "recipe")
    expect(page.get_by_text("ONNX Runtime objects to")).to_be_visible()
    size = _figure(page, "Size")
    before = size.inner_text()
    page.get_by_role("button", name="Fit the recipe to it").click()
    count = _changed(page, count)
    expect(size).not_to_have_text(before)
    expect(page.get_by_text("runs this recipe as it is")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    _changed(page, count)
    expect(size).to_have_text(before)


def test_the_verdict_stands_on_every_other_way_measured(page: Page, address: str):
    page.goto(f"{address}/score")
    wait_drawn(page, "score")
    expect(page.get_by_text("sample by sample").first).to_be_visible()
    table = page.get_by_test_id("stTable").filter(has_text="greedy by score")
    expect(table).to_be_visible()
    expect(page.get_by_text("Not measured yet")).to_have_count(0)
    expect(table).to_contain_text("random mix")
    expect(table).to_contain_text("this recipe")
    expect(
        page.get_by_text("within these bytes").or_(page.get_by_text("saves no bytes"))
    ).to_be_visible()
    expect(page.get_by_text("samples that changed their answer, the most harmed")).to_be_visible()
