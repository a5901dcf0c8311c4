"""A queue's database in PostgreSQL, for people on several machines."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from ....core.errors import MissingExtraError, StorageError
from .functions import FUNCTIONS
from .sql import Row, Run, Sql, T

_WORDS = {
    "{id}": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "{int}": "BIGINT",
    "{real}": "DOUBLE PRECISION",
    "{lock}": "FOR UPDATE SKIP LOCKED",
    "{wait}": "FOR UPDATE",
    "?": "%s",
}
_MAKING = 7_226_452_219  # key of the lock that those hold who make the tables
_CLOCK_GOOD = 60  # seconds for which the difference of the clocks is believed


class Postgres(Sql):
    """A PostgreSQL database, through psycopg.

    Rows that are about to be handed out are locked, and those of others skipped: nobody waits for anybody.

    Source: https://www.postgresql.org/docs/current/sql-select.html, FOR UPDATE SKIP LOCKED

    Args:
        url: ``postgresql://user:password@host/database``; the tables are made in it, all named ``nbl_...``.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        try:
            import psycopg
        except ImportError as error:
            raise MissingExtraError(
                "a queue in PostgreSQL needs psycopg: pip install 'nbalabel[postgres]'"
            ) from error
        self._psycopg, self._url = psycopg, url
        self.place = url.rpartition("@")[2] if "@" in url else url  # no password in messages
        self.shown = f"PostgreSQL, {self.place}"
        self._ahead, self._compared = 0.0, -math.inf  # of the database's clock, seconds
        self.prepare()

    def prepare(self) -> None:
        """Make the tables and functions, one process at a time."""

        def make(run: Run) -> None:
            run("SELECT pg_advisory_xact_lock(?)", (_MAKING,))
            self._make_tables(run)
            for name, text in FUNCTIONS.items():
                if not run(
                    "SELECT 1 FROM pg_proc WHERE proname = ? AND pg_function_is_visible(oid)", (name,)
                ):
                    run(text)

        self.do(make, durable=True)

    def connect(self) -> Any:
        """A connection in which statements begin no transaction of their own."""
        try:
            return self._psycopg.connect(self._url, autocommit=True)
        except self._psycopg.Error as error:
            raise StorageError(f"no connection to the queue in PostgreSQL ({self.place}): {error}") from error

    def begin(self, *, durable: bool, reading: bool) -> None:
        """Begin a transaction; a connection that was lost is made again."""
        text = "BEGIN" if durable or reading else "BEGIN; SET LOCAL synchronous_commit = off"
        self._reconnected(lambda: self._connection.execute(text))

    def call(self, function: str, values: Sequence[Any]) -> list[Row]:
        """Call a function, in one message; where the connection is lost meanwhile, once more."""
        text = f"SELECT * FROM {function}({', '.join(['%s'] * len(values))})"  # noqa: S608  # a name of ours

        def once() -> list[Row]:
            self._open()
            return list(self._reconnected(lambda: self._connection.execute(text, values).fetchall()))

        return self._until_done(once)

    def _reconnected(self, send: Callable[[], T]) -> T:
        try:
            return send()
        except self._psycopg.OperationalError:
            if not self._connection.closed:
                raise
            self._connection = self.connect()
            return send()

    def run(self, text: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement; returns its rows."""
        cursor = self._connection.execute(_worded(text), values)
        return list(cursor.fetchall()) if cursor.description else []

    def many(self, text: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each row, in few messages."""
        with self._connection.cursor() as cursor:
            cursor.executemany(_worded(text), rows)

    def back(self) -> None:
        """Take a transaction back; with a lost connection it is gone already."""
        if not self._connection.closed:
            self._connection.execute("ROLLBACK")

    def now(self) -> float:
        """The time of the database: the clocks of the machines may differ. It is asked once a minute."""
        if time.monotonic() - self._compared > _CLOCK_GOOD:
            before = time.time()
            rows = self.do(
                lambda run: run("SELECT extract(epoch FROM clock_timestamp())::float8"), reading=True
            )
            self._ahead = float(rows[0][0]) - (before + time.time()) / 2
            self._compared = time.monotonic()
        return time.time() + self._ahead

    def asks_again(self, error: Exception) -> bool:
        """Whether PostgreSQL ended one of two transactions that waited for each other."""
        errors = self._psycopg.errors
        return isinstance(error, errors.DeadlockDetected | errors.SerializationFailure)


def _worded(text: str) -> str:
    for word, meant in _WORDS.items():
        text = text.replace(word, meant)
    return text
