"""A sweep goes on when its worker or the server is killed, and ends when it is cancelled."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.runs.records import SweepOptions
from analysis.runs.store import RunStore
from tests.browser.serving import free_port, start_server, stop_server, wait_drawn

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WAIT_MS = 60_000
MEASURED = re.compile("cells (are )?measured")
"""Of some of the cells, or of all where a stage ended in the meantime."""


def _workers(run: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "analysis.runs.worker" in words and run in words:
            found.append(process)
    return found


def _wait(page: Page, what: str, met: Callable[[], bool]) -> None:
    for _ in range(120):
        if met():
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"never happened: {what}")


def _measured(store: RunStore, run: str) -> int:
    return sum(point.samples for point in store.points(run))


def test_killed_worker_and_killed_server_lose_nothing(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home, port = tmp_path / "data", free_port()
    monkeypatch.setenv("QUANTSCOPE_HOME", str(home))
    server = start_server(home, port)
    context = browser.new_context()
    try:
        page = context.new_page()
        store = RunStore()
        job = store.submit("sweep", "fashion-mnist", SweepOptions(target="both"), owner="local")
        page.goto(f"http://127.0.0.1:{port}/sensitivity?run={job.id}")
        wait_drawn(page, "sensitivity")
        _wait(page, "first figures", lambda: _measured(store, job.id) > 0)

        # the worker dies: another attempt takes over and keeps what is there
        for worker in _workers(job.id):
            os.kill(worker.pid, signal.SIGKILL)
        kept = _measured(store, job.id)
        _wait(page, "a second attempt", lambda: store.job(job.id).attempt == 2)
        assert _measured(store, job.id) >= kept
        _wait(page, "figures of it", lambda: _measured(store, job.id) > kept)

        # the server dies: the worker goes on, and the page comes back with the server
        server.kill()
        server.wait()
        kept = _measured(store, job.id)
        _wait(page, "figures without a server", lambda: _measured(store, job.id) > kept)
        server = start_server(home, port)
        expect(page.get_by_text(MEASURED).first).to_be_visible(timeout=WAIT_MS)
        assert f"run={job.id}" in page.url
        assert store.job(job.id).attempt == 2
    finally:
        context.close()
        for worker in _workers(job.id):
            worker.kill()
        stop_server(server)


def test_cancel_keeps_the_partial_result(page: Page, address: str):
    page.goto(f"{address}/model")
    wait_drawn(page, "model")
    page.get_by_role("button", name="Sweep it").first.click()
    page.wait_for_url("**/sensitivity?**", timeout=WAIT_MS)
    expect(page.get_by_text(MEASURED).first).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("button", name="Cancel").first.click()
    expect(page.get_by_text("Cancelled").first).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_text(MEASURED).first).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
