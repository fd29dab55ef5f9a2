"""Shared fixtures: fixed seeds, one torch thread, a data directory of each test's own."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTSCOPE_HOME", str(tmp_path / "home"))
