"""`python app.py` is `streamlit run app.py`."""

import os
import runpy
import sys
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[1] / "app.py"


class Replaced(Exception):
    """Stands where this process would have ended."""


def test_python_app_becomes_streamlit_run_with_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def execv(program: str, command: list[str]) -> None:
        assert program == command[0]
        commands.append(command)
        raise Replaced

    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setattr(sys, "argv", ["app.py", "--server.port", "8600"])
    with pytest.raises(Replaced):
        runpy.run_path(str(APP), run_name="__main__")
    ((_, *words),) = commands
    assert words[words.index("streamlit") :] == [
        "streamlit",
        "run",
        str(APP),
        "--server.port",
        "8600",
    ]


def test_what_streamlit_imports_is_the_app() -> None:
    assert type(runpy.run_path(str(APP), run_name="app")["app"]).__name__ == "App"
