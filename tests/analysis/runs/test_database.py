"""Troubles of the database become one sentence each, and cost nothing that was stored."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from analysis.errors import StorageError
from analysis.runs import database
from analysis.runs.store import RunStore
from analysis.sensitivity.points import CellSamples
from tests.sensitivities import make_sensitivities

RESULT = make_sensitivities(layers=3)


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def one_sentence(error: pytest.ExceptionInfo[StorageError]) -> str:
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert "sqlite3." not in text
    assert "Background on this error" not in text
    return text


def test_a_full_disk_is_said_and_keeps_what_is_there(tmp_path: Path) -> None:
    store = RunStore(url_of(tmp_path / "runs.db"))
    store.save_setup("run", RESULT.setup)
    first, second = RESULT.points[:2]
    small, large = (CellSamples(first.cell, 0, np.ones(n), np.ones((n, 2))) for n in (1, 100_000))
    store.add("run", small, first)
    with store.database.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 60")
    with pytest.raises(StorageError, match="free space") as error:
        store.add("run", large, second)
    assert str(tmp_path / "runs.db") in one_sentence(error)
    assert store.sensitivities("run").points == (first,)
    with store.database.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 100000")
    store.add("run", large, second)
    assert store.sensitivities("run").points == (first, second)


def test_a_locked_store_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    store = RunStore(url_of(tmp_path / "runs.db"))
    holder = sqlite3.connect(tmp_path / "runs.db")
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="keeps it locked") as error:
        store.save_setup("run", RESULT.setup)
    one_sentence(error)
    assert store.setup("run") is None  # reading goes on
    holder.rollback()
    holder.close()
    store.save_setup("run", RESULT.setup)
    assert store.setup("run") == RESULT.setup


def test_a_store_that_only_can_be_read_is_said(tmp_path: Path) -> None:
    store = RunStore(url_of(tmp_path / "runs.db"))
    with store.database.reading() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(StorageError, match="must be writable") as error:
        store.save_setup("run", RESULT.setup)
    one_sentence(error)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be made") as error:
        RunStore(url_of(tmp_path / "file" / "runs.db"))
    one_sentence(error)


def test_a_folder_in_place_of_the_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="must be writable") as error:
        RunStore(url_of(tmp_path))
    one_sentence(error)


def test_a_file_that_is_no_database_is_said_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    path.write_bytes(b"my diary " * 1000)
    with pytest.raises(StorageError, match="not a database") as error:
        RunStore(url_of(path))
    one_sentence(error)
    assert path.read_bytes() == b"my diary " * 1000


def test_a_store_of_another_version_is_refused(tmp_path: Path) -> None:
    RunStore(url_of(tmp_path / "runs.db"))
    with sqlite3.connect(tmp_path / "runs.db") as connection:
        connection.execute("UPDATE facts SET value = '99' WHERE name = 'version'")
    connection.close()
    with pytest.raises(StorageError, match="version 1, not 99") as error:
        RunStore(url_of(tmp_path / "runs.db"))
    one_sentence(error)


@pytest.mark.parametrize(
    "url", ["not a url", "nosuch://host/db", "sqlite://", "sqlite:///:memory:"]
)
def test_a_url_that_cannot_serve_is_said(url: str) -> None:
    with pytest.raises(StorageError, match="QUANTSCOPE_DATABASE") as error:
        RunStore(url)
    one_sentence(error)


def test_a_password_is_never_shown() -> None:
    with pytest.raises(StorageError) as error:
        RunStore("postgresql+psycopg://ann:secret@nowhere.invalid/db")
    assert "secret" not in one_sentence(error)


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    store = RunStore(url_of(tmp_path / "runs.db"))
    with pytest.raises(KeyboardInterrupt), store.database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO facts VALUES ('half', 'done')")
        raise KeyboardInterrupt
    with store.database.reading() as connection:
        assert not connection.exec_driver_sql("SELECT * FROM facts WHERE name = 'half'").all()


def test_a_write_survives_the_death_of_its_process(tmp_path: Path) -> None:
    url = url_of(tmp_path / "runs.db")
    script = (
        "import os, signal, sys\n"
        "from analysis.runs.store import RunStore\n"
        "from tests.sensitivities import make_sensitivities\n"
        "RunStore(sys.argv[1]).save_setup('run', make_sensitivities(layers=3).setup)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, url], check=False)
    assert ended.returncode == -9
    assert RunStore(url).setup("run") == RESULT.setup


def test_the_store_needs_no_torch(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "import analysis.runs.bundle, analysis.runs.queue, analysis.runs.store\n"
        "import analysis.runs.worker\n"
        "sys.exit('torch' in sys.modules or 'streamlit' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
