"""Shared fixtures: fixed seeds, one torch thread, a data directory of each test's own."""

import os
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from tests.chromium import find_chromium

# Before the first import of torch: two threads on a busy machine are slower than one.
os.environ["OMP_NUM_THREADS"] = "1"

# The first example of a property pays for imports, which no deadline should punish.
settings.register_profile("quantscope", deadline=None, derandomize=True)
settings.load_profile("quantscope")

_LEFT_OUT = pytest.StashKey[list[str]]()


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("QUANTSCOPE_WORKLOADS", raising=False)


@pytest.fixture(autouse=True)
def _fixed_seeds() -> None:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  (code under test may draw from the global generator)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Fast tests first, browser tests last; those only where there is a browser.

    Without Chromium they are left out by name; with CI=true that is an error.
    """
    items.sort(key=lambda item: [bool(item.get_closest_marker(m)) for m in ("browser", "slow")])
    browser = [item for item in items if item.get_closest_marker("browser")]
    if not browser or find_chromium():
        return
    if os.environ.get("CI") == "true":
        raise pytest.UsageError(
            f"{len(browser)} browser tests need Chromium, which is not installed; with CI=true "
            "they must run. Install Debian's package 'chromium'."
        )
    config.stash[_LEFT_OUT] = [item.nodeid for item in browser]
    config.hook.pytest_deselected(items=browser)
    del items[-len(browser) :]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Name the tests that were left out."""
    left_out = config.stash.get(_LEFT_OUT, [])
    if left_out:
        terminalreporter.section("left out: no Chromium is installed")
        for name in left_out:
            terminalreporter.line(name)
