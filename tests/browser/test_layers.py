"""The Layers page in a browser, with the real compute process: specs, remedies, keys, links."""

from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, expect

from tests.browser.serving import wait_charts, wait_drawn

pytestmark = [pytest.mark.browser, pytest.mark.slow]

JOB_MS = 60_000


def _address(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlparse(page.url).query).items()}


def _metric(page: Page, title: str) -> str:
    metric = page.get_by_test_id("stMetric").filter(has_text=title).first
    return metric.get_by_test_id("stMetricValue").inner_text()


def test_specs_remedies_keys_and_links(page: Page, address: str):
    page.goto(f"{address}/layers?layer=stage2.conv1&spec=int3+sym+per-tensor+minmax")
    count = wait_drawn(page, "layers")
    wait_charts(page)
    expect(page.get_by_role("heading", name="stage2.conv1")).to_be_visible()
    coarse = _metric(page, "SQNR")

    # Another width: numbers, grid and address follow.
    page.get_by_role("radio", name="6", exact=True).click()
    count = wait_drawn(page, "layers", after=count)
    assert _address(page)["spec"] == "int6 sym per-tensor minmax"
    assert float(_metric(page, "SQNR").split()[0]) > float(coarse.split()[0])
    page.get_by_role("radio", name="3", exact=True).click()
    count = wait_drawn(page, "layers", after=count)

    # The remedy is measured on sweep samples.
    page.get_by_role("button", name="Try it").first.click()
    count = wait_drawn(page, "layers", after=count)
    expect(page.get_by_text("64 of 768 sweep samples")).to_be_visible(timeout=JOB_MS)
    before, after = (float(_metric(page, title)) for title in ("Before", "After"))
    assert 0 < after < before

    # It stands beside what it remedies, and the link says so.
    page.get_by_role("button", name="Side by side").first.click()
    count = wait_drawn(page, "layers", after=count)
    expect(page.get_by_role("heading", name="B · Weights")).to_be_visible()
    told = _address(page)
    assert told["spec"] == "int3 sym per-tensor minmax" != told["spec2"]

    # The keyboard moves on; a reload of the link shows the same.
    page.keyboard.press("n")
    wait_drawn(page, "layers", after=count)
    expect(page.get_by_role("heading", name="stage2.conv2")).to_be_visible()
    figure = _metric(page, "B · SQNR")
    page.reload()
    wait_drawn(page, "layers")
    expect(page.get_by_role("heading", name="stage2.conv2")).to_be_visible()
    assert _metric(page, "B · SQNR") == figure
    assert _address(page) == {**told, "layer": "stage2.conv2"}

    # One real sample at every width.
    expect(page.get_by_text("What 2 to 8 bits do to a real sample")).to_be_visible()
    expect(page.locator("[data-testid='stImage'] img")).to_have_count(6, timeout=JOB_MS)

    # The other tensor: the specs follow, the remedy is measured on the input, the link says so.
    count = wait_drawn(page, "layers")
    page.get_by_role("radio", name="Inputs", exact=True).click()
    count = wait_drawn(page, "layers", after=count)
    assert _address(page)["target"] == "activation"
    assert _address(page)["spec"] == "int3 sym per-tensor minmax"
    expect(page.get_by_text("Range of each input channel")).to_be_visible(timeout=JOB_MS)
    page.get_by_role("button", name="Try it").first.click()
    wait_drawn(page, "layers", after=count)
    expect(page.get_by_text("only this layer's input quantised, measured")).to_be_visible(
        timeout=JOB_MS
    )

    # A link with filters lists what they leave.
    link = "layers?target=activation&layer=stage2.conv2&name=stage2&sort=sqnr"
    page.goto(f"{address}/{link}&spec=int3+sym+per-tensor+minmax")
    wait_drawn(page, "layers")
    expect(page.get_by_role("heading", name="stage2.conv2")).to_be_visible()
    expect(page.get_by_role("textbox", name="Name")).to_have_value("stage2", timeout=JOB_MS)
