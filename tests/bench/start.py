"""From starting the process to the finished Overview in Chromium, nothing cached."""

import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.bench.rows import Row
from tests.browser.serving import (
    free_port,
    launch,
    start_server,
    stop_server,
    wait_charts,
    wait_drawn,
)

ROUNDS = 3
REQUIRED_SECONDS = 8.0


def measure() -> list[Row]:
    """Median of three starts, each with a data directory and a browser profile of its own."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        seconds = [_start(browser) for _ in range(ROUNDS)]
        browser.close()
    return [
        Row(
            "app-start: process start to finished Overview in Chromium",
            statistics.median(seconds),
            "s",
            REQUIRED_SECONDS,
        )
    ]


def _start(browser: Browser) -> float:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        began = time.perf_counter()
        server = start_server(Path(home), port)
        try:
            page.goto(f"http://127.0.0.1:{port}/")
            wait_drawn(page, "overview")
            page.locator('[data-testid="stPlotlyChart"] .main-svg').first.wait_for()
            wait_charts(page)
            return time.perf_counter() - began
        finally:
            stop_server(server)
            context.close()
