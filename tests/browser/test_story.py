"""The whole job in the browser, as a stranger would do it, and its result on the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.browser.serving import ROOT, wait_charts, wait_drawn

pytestmark = [pytest.mark.browser, pytest.mark.slow]

JOB_MS = 90_000


def _click_middle(page: Page, mark: Locator) -> None:
    box = mark.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def _settled(page: Page, place: Locator) -> FloatRect:
    """Where something is, once it has stopped moving."""
    before = None
    for _ in range(40):
        now = place.bounding_box()
        if now is not None and now == before:
            return now
        before = now
        page.wait_for_timeout(250)
    raise AssertionError("the page does not come to rest")


def _edit_cell(page: Page, grid: Locator, across: float, text: str) -> None:
    """Change the first row of a grid, at a share of its width."""
    box = _settled(page, grid)
    editor = page.locator("#portal [id^='gdg-overlay']")
    for _ in range(5):
        page.mouse.dblclick(box["x"] + box["width"] * across, box["y"] + 52)
        page.wait_for_timeout(1000)
        if editor.count():
            break
    page.keyboard.type(text, delay=50)
    page.wait_for_timeout(300)
    page.keyboard.press("Enter")
    expect(editor).to_have_count(0)


def _command_line(home: Path, *words: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "analysis", *words, "--json"],
        cwd=ROOT,
        env={**os.environ, "QUANTSCOPE_HOME": str(home), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    document: dict[str, object] = json.loads(done.stdout)
    return document


def test_the_whole_story(page: Page, address: str, home: Path, tmp_path: Path):
    # The finished demo is there without a click; a cell of the heat map opens its layer.
    page.goto(address)
    wait_drawn(page, "overview")
    wait_charts(page)
    expect(page.get_by_text("Demo result")).to_be_visible()
    _click_middle(page, page.locator(".scatterlayer .points path").nth(3))
    wait_drawn(page, "layers")
    expect(page.get_by_role("heading", name="stem.conv")).to_be_visible()
    assert "layer=stem.conv" in page.url
    assert "int5" in page.url

    # A sweep of another model, reloaded in the middle, ends by itself.
    page.goto(f"{address}/sensitivity")
    wait_drawn(page, "sensitivity")
    page.get_by_test_id("stExpander").get_by_text("Start a sweep").click()
    page.get_by_role("combobox", name="Workload").click()
    page.get_by_role("option").filter(has_text="Digits").first.click()
    page.get_by_role("button", name="Start sweep").click()
    page.wait_for_url("**run=*", timeout=JOB_MS)
    run = page.url.partition("run=")[2].partition("&")[0]
    expect(page.get_by_role("button", name="Cancel")).to_be_visible(timeout=JOB_MS)
    page.reload()
    expect(page.get_by_text("Worst first")).to_be_visible(timeout=JOB_MS)
    assert run in page.url

    # The recommended recipe, with one layer edited by hand.
    page.get_by_role("link", name="Recipe").click()
    count = wait_drawn(page, "recipe")
    wait_charts(page)
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    _edit_cell(page, page.locator("[data-testid='stDataFrame'] canvas").first, 0.16, "8")
    wait_drawn(page, "recipe", after=count)
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()

    # Applied and scored beside the uniform baseline.
    page.get_by_role("button", name="Apply and score").click()
    page.wait_for_url("**/score?**", timeout=JOB_MS)
    expect(page.get_by_text("Baseline: uniform").first).to_be_visible(timeout=JOB_MS)
    expect(page.get_by_text("held-out evaluation samples").first).to_be_visible()

    # The downloaded recipe scores the same from the command line.
    with page.expect_download() as download:
        page.get_by_role("button", name="Recipe (JSON)").click()
    recipe = tmp_path / "recipe.json"
    download.value.save_as(recipe)
    with page.expect_download() as download:
        page.get_by_role("button", name="Score (JSON)").click()
    scored = tmp_path / "score.json"
    download.value.save_as(scored)
    shown = json.loads(scored.read_text())
    again = _command_line(home, "score", "digits", str(recipe))
    assert json.loads(recipe.read_text())["layers"]["conv1"]["weight"].startswith("int8")
    assert again["divergence"] == shown["divergence"]
    assert again["samples"] == shown["samples"] == 400
    assert again["weight_bytes"] == shown["cost"]["weight_bytes"]
