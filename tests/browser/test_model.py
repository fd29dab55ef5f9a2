"""A model and a data set from the browser: a hostile one is refused, a good one gets a recipe."""

import io
import pickle
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from analysis.paths import assets_dir
from tests.browser.serving import wait_charts, wait_drawn

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WAIT_MS = 180_000


def _files(folder: Path) -> tuple[Path, Path, Path]:
    """A pickle called weights, good weights, and a few labelled images."""
    shipped = assets_dir() / "fashion-mnist"
    arrays = np.load(shipped / "data.npz")
    buffer = io.BytesIO()
    np.savez(buffer, x=arrays["x_evaluation"][:48], y=arrays["y_evaluation"][:48])
    (folder / "clothes.npz").write_bytes(buffer.getvalue())
    (folder / "bad.pt").write_bytes(pickle.dumps(print))
    (folder / "mine.safetensors").write_bytes((shipped / "weights.safetensors").read_bytes())
    return folder / "bad.pt", folder / "mine.safetensors", folder / "clothes.npz"


def _send(page: Page, model: Path, data: Path) -> None:
    """Fill the form and send it."""
    page.get_by_role("button", name="Upload a model").click()
    fields = page.locator("input[type='file']")
    expect(fields).to_have_count(2, timeout=WAIT_MS)
    for place, file in enumerate((model, data)):
        fields.nth(place).set_input_files(file)
        expect(page.get_by_text(file.name).first).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("button", name="Upload and look at it").click()


def test_an_uploaded_model_gets_a_scored_recipe(page: Page, address: str, tmp_path: Path):
    bad, good, data = _files(tmp_path)
    page.goto(f"{address}/model")
    wait_drawn(page, "model")
    _send(page, bad, data)
    expect(page.get_by_text("must be a state dict as torch.save writes it")).to_be_visible(
        timeout=WAIT_MS
    )

    # The server lives, and takes the good one.
    page.goto(f"{address}/model")
    wait_drawn(page, "model")
    _send(page, good, data)
    page.wait_for_url("**workload=upload*", timeout=WAIT_MS)
    expect(page.get_by_role("heading", name="mine · clothes").first).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_role("heading", name="The network")).to_be_visible(timeout=WAIT_MS)
    wait_charts(page)
    expect(page.get_by_text("What will be quantised, and what not")).to_be_visible(timeout=WAIT_MS)

    # One click sweeps it; the run ends with a recipe that was scored on held-out images.
    page.get_by_role("button", name="Sweep it").last.click()
    page.wait_for_url("**run=*", timeout=WAIT_MS)
    run = page.url.partition("run=")[2].partition("&")[0]
    expect(page.get_by_text("Worst first")).to_be_visible(timeout=WAIT_MS)
    page.goto(f"{address}/score?run={run}")
    expect(page.get_by_text("held-out evaluation samples").first).to_be_visible(timeout=WAIT_MS)
