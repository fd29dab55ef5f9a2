"""A database with short transactions, whose troubles are told in one sentence."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, insert, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from analysis.errors import StorageError
from analysis.runs.schema import QUEUE_LOCK, SCHEMA_VERSION, facts, findings, metadata

BUSY_SECONDS = 20.0
"""How long a transaction waits for another process before it gives up."""

_WRITES = "quantscope_writes"


class Database:
    """One database, used by many processes and threads at once.

    SQLite runs in WAL mode, so that readers never wait; a writer takes the lock when it begins
    (BEGIN IMMEDIATE), because an upgrade in the middle cannot wait and fails. Connections are
    kept: SQLite checkpoints when the last one closes, which made a write take 18 ms, not 0.4.
    """

    def __init__(self, url: str) -> None:
        self._url = _usable(url)
        self._engine = _engine(self._url)
        self._writer = self._engine.execution_options(**{_WRITES: True})
        if self._is_sqlite:
            _set_up_sqlite(self._engine)
        self._create()

    @property
    def url(self) -> str:
        """What opens the same database in another process, password included."""
        return self._url.render_as_string(hide_password=False)

    @property
    def _is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, of one moment.

        Raises:
            StorageError: the database cannot be read.
        """
        with self._told(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: all of it or nothing.

        Raises:
            StorageError: the database cannot be written; nothing of the block is kept.
        """
        with self._told(), self._writer.begin() as connection:
            yield connection

    def _create(self) -> None:
        if not self._has_tables():
            try:
                self._create_tables()
            except StorageError:
                # PostgreSQL lets two processes create the same table and fails the later one.
                if not self._has_tables():
                    raise
        with self.reading() as connection:
            version = connection.scalar(select(facts.c.value).where(facts.c.name == "version"))
        if version != SCHEMA_VERSION:
            raise StorageError(
                f"The run store at {self._place} must be of version {SCHEMA_VERSION}, not "
                f"{version}; set QUANTSCOPE_HOME to another folder."
            )

    def _has_tables(self) -> bool:
        with self.reading() as connection:
            known = connection.dialect.has_table
            # the newest table too: a store of an earlier day has all but that one
            return known(connection, facts.name) and known(connection, findings.name)

    def _create_tables(self) -> None:
        with self.writing() as connection:
            metadata.create_all(connection)
            if connection.scalar(select(facts.c.value).limit(1)) is None:
                rows = {"version": SCHEMA_VERSION, QUEUE_LOCK: ""}
                named = [{"name": name, "value": value} for name, value in rows.items()]
                connection.execute(insert(facts), named)

    @property
    def _place(self) -> str:
        return str(self._url.database) if self._is_sqlite else self._url.render_as_string()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, PoolTimeoutError) as error:
            raise StorageError(_sentence(self._place, error)) from error


def _usable(text: str) -> URL:
    """The URL, with the folder of a SQLite file made."""
    try:
        url = make_url(text)
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError):
        raise StorageError(
            "QUANTSCOPE_DATABASE must be a SQLAlchemy URL such as "
            "'sqlite:////data/quantscope.db'; this one cannot be understood."
        ) from None
    if url.get_backend_name() != "sqlite":
        return url
    if url.database in (None, "", ":memory:"):
        raise StorageError(
            "The run store must be a file, because other processes work on it; a database in "
            "memory is not enough, name a path in QUANTSCOPE_DATABASE."
        )
    path = Path(str(url.database)).absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {str(path.parent)!r} of the run store cannot be made "
            f"({error.strerror}); set QUANTSCOPE_HOME to a folder that can be written."
        ) from None
    return url.set(database=str(path))


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        return create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    try:
        return create_engine(url, pool_pre_ping=True)
    except ImportError as error:
        raise StorageError(
            f"A run store at {url.render_as_string()} needs the Python package {error.name!r}, "
            "and it is not installed; install it into Quantscope's environment."
        ) from None


def _set_up_sqlite(engine: Engine) -> None:
    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin by itself
        _to_wal(connection)
        connection.execute("PRAGMA synchronous=NORMAL")

    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


def _to_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL; SQLite does not wait for the lock here, so this does."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return


def _sentence(place: str, error: Exception) -> str:
    """What is wrong with the database, for people."""
    cause = str(getattr(error, "orig", None) or error).strip().split("\n")[0].rstrip(".")
    if "disk is full" in cause:
        return (
            f"The disk of the run store {place} must have free space, and it is full; make room "
            "and try again, everything finished so far is kept."
        )
    if "locked" in cause or "busy" in cause:
        return (
            f"The run store {place} must be free within {BUSY_SECONDS:.0f} s, and another program "
            "keeps it locked; close that program and try again."
        )
    if "readonly" in cause or "unable to open" in cause:
        return (
            f"The run store {place} must be writable, and it is not ({cause}); change its "
            "permissions or set QUANTSCOPE_HOME to another folder."
        )
    return (
        f"The run store {place} must be a database that can be used, and it is not ({cause}); "
        "repair it or set QUANTSCOPE_HOME to another folder."
    )
