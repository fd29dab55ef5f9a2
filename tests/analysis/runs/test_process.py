"""Which process is meant, and whether it lives."""

import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.errors import StorageError
from analysis.paths import home_dir
from analysis.runs import process
from analysis.runs.process import Identity, identity, kill, lives, this_process

Child = subprocess.Popen[bytes]


@pytest.fixture
def sleeper() -> Iterator[Child]:
    child = subprocess.Popen(["sleep", "60"])
    yield child
    child.kill()
    child.wait()


def identified(child: Child) -> Identity:
    found = identity(child.pid)
    assert found is not None
    return found


def test_this_process_lives() -> None:
    assert lives(this_process())


def test_a_killed_process_is_dead_although_nobody_waited_for_it(sleeper: Child) -> None:
    known = identified(sleeper)
    assert lives(known)
    kill(known)
    end = time.monotonic() + 5
    while lives(known) and time.monotonic() < end:
        time.sleep(0.01)
    assert sleeper.returncode is None  # still a zombie
    assert not lives(known)
    assert identity(sleeper.pid) is None


def test_a_later_process_of_the_same_number_is_another(sleeper: Child) -> None:
    earlier = replace(identified(sleeper), created=identified(sleeper).created - 60)
    assert not lives(earlier)
    kill(earlier)
    assert sleeper.poll() is None


def test_a_number_nobody_has_is_dead() -> None:
    assert not lives(Identity(2**22 + 1, 0.0))


def test_a_worker_runs_this_package_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the user has a package of the same name, and other things on the path."""
    impostor = tmp_path / "analysis" / "runs"
    impostor.mkdir(parents=True)
    for place in (impostor, impostor.parent):
        (place / "__init__.py").write_text("raise SystemExit('impostor')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    worker = process.spawn(f"sqlite:///{tmp_path / 'runs.db'}", "0" * 32, 1)
    (child,) = [child for child in process._children if child.pid == worker.pid]
    assert child.wait(timeout=30) == 0, process.log_path("0" * 32).read_text()
    process.collect_children()
    assert child not in process._children
    assert (tmp_path / "runs.db").is_file()
    assert process.log_path("0" * 32).parent == home_dir() / "logs"


def test_what_the_user_has_on_the_path_stays_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/their/modules")
    environment = process.child_environment("sqlite:///x.db")
    assert environment["PYTHONPATH"].split(":")[1:] == ["/their/modules"]
    assert (environment["OMP_NUM_THREADS"], environment["MKL_NUM_THREADS"]) == ("1", "1")


def test_a_log_that_cannot_be_made_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").write_text("in the way")
    with pytest.raises(StorageError, match="worker must be able to start"):
        process.spawn("sqlite:///x.db", "0" * 32, 1)
