import json
import os
import socket
from pathlib import Path

import pytest

from analysis.cli import ui
from analysis.cli.main import run


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """What would have taken this process's place."""
    calls: list[tuple[list[str], dict[str, str]]] = []

    def execve(_path: str, command: list[str], environment: dict[str, str]) -> None:
        calls.append((command, environment))

    monkeypatch.setattr(os, "execve", execve)
    return calls


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_ui_hands_absolute_paths_to_the_app(
    started: list[tuple[list[str], dict[str, str]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "my_case.py").write_text("def make(): ...\n")
    monkeypatch.chdir(tmp_path)
    assert run(["ui", "my_case.py:make", "digits", "--port", str(free_port())]) == 0
    _, environment = started[0]
    assert json.loads(environment["QUANTSCOPE_WORKLOADS"]) == [
        f"{tmp_path / 'my_case.py'}:make",
        "digits",
    ]


def test_ui_runs_our_app_on_the_port_asked_for(
    started: list[tuple[list[str], dict[str, str]]],
) -> None:
    port = free_port()
    assert run(["ui", "--port", str(port)]) == 0
    command, environment = started[0]
    assert Path(command[command.index("run") + 1]).name == "app.py"
    assert command[command.index("--server.port") + 1] == str(port)
    assert environment["QUANTSCOPE_WORKLOADS"] == "[]"


def test_ui_refuses_a_taken_port(
    started: list[tuple[list[str], dict[str, str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind((ui.ADDRESS, 0))
        taken.listen()
        assert run(["ui", "--port", str(taken.getsockname()[1])]) == 2
    assert "--port" in capsys.readouterr().err
    assert started == []
