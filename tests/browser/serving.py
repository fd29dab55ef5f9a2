"""A real server and a real Chromium, for browser tests and pictures."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright

from tests.chromium import find_chromium

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_SECONDS = 60.0
DRAWN_MS = 90_000
"""Enough for a first question to the compute process on a machine that many share."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(home: Path, port: int, **environment: str) -> subprocess.Popen[bytes]:
    """Start the app over a data directory and wait until it answers."""
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    log = (home / "server.log").open("ab")
    process = subprocess.Popen(
        [*command, f"--server.port={port}", "--server.address=127.0.0.1"],
        cwd=ROOT,
        env={**os.environ, "QUANTSCOPE_HOME": str(home), "OMP_NUM_THREADS": "1", **environment},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    log.close()
    _wait_until_healthy(process, f"http://127.0.0.1:{port}/healthz", home / "server.log")
    return process


def _wait_until_healthy(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    stop_server(process)
    raise RuntimeError(f"the server did not start:\n{log.read_text()[-4000:]}")


def stop_server(process: subprocess.Popen[bytes]) -> None:
    """End the server and wait for it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def serving(home: Path, **environment: str) -> Iterator[str]:
    """The app's address while the block runs."""
    port = free_port()
    process = start_server(home, port, **environment)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stop_server(process)


def launch(playwright: Playwright) -> Browser:
    """The installed Chromium, headless, without background requests."""
    return playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_FLAGS))


def wait_drawn(page: Page, name: str | None = None, after: int = 0) -> int:
    """Wait until the page's script has run to its end; returns its run count.

    Args:
        page: the browser's page.
        name: wait until this page of the app is drawn (`overview`, `model`, …).
        after: wait for a run later than this count (of an earlier call).
    """
    selector = "#page-done" if name is None else f"#page-done[data-page='{name}']"
    page.wait_for_function(
        """([selector, after]) => {
            const mark = document.querySelector(selector);
            return mark && Number(mark.dataset.count) > after
                && !document.querySelector('[data-testid="stStatusWidget"]');
        }""",
        arg=[selector, after],
        timeout=DRAWN_MS,
    )
    return int(page.locator(selector).get_attribute("data-count") or "0")


def wait_charts(page: Page) -> None:
    """Wait until every plotly chart on screen has its marks."""
    page.wait_for_function(
        """() => [...document.querySelectorAll('[data-testid="stPlotlyChart"]')]
            .every(chart => chart.querySelector('.main-svg'))""",
        timeout=DRAWN_MS,
    )
