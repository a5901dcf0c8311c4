"""A queue's database in PostgreSQL, for people on several machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....core.errors import MissingExtraError, StorageError
from .sql import Row, Run, Sql

_WORDS = {
    "{id}": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "{int}": "BIGINT",
    "{real}": "DOUBLE PRECISION",
    "{lock}": "FOR UPDATE SKIP LOCKED",
    "{wait}": "FOR UPDATE",
    "?": "%s",
}
_MAKING = 7_226_452_219  # key of the lock that those hold who make the tables


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
        self.prepare()

    def prepare(self) -> None:
        """Make the tables, one process at a time."""

        def make(run: Run) -> None:
            run("SELECT pg_advisory_xact_lock(?)", (_MAKING,))
            self._make_tables(run)

        self.do(make, durable=True)

    def connect(self) -> Any:
        """A connection in which statements begin no transaction of their own."""
        try:
            return self._psycopg.connect(self._url, autocommit=True)
        except self._psycopg.Error as error:
            raise StorageError(f"no connection to the queue in PostgreSQL ({self.place}): {error}") from error

    def begin(self, *, durable: bool, reading: bool) -> None:
        """Begin a transaction; a connection that was lost is made again."""
        try:
            self._connection.execute("BEGIN")
        except self._psycopg.OperationalError:
            self._connection = self.connect()
            self._connection.execute("BEGIN")
        if not durable and not reading:
            self._connection.execute("SET LOCAL synchronous_commit = off")

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
        """The time of the database: the clocks of the machines may differ."""
        rows = self.do(lambda run: run("SELECT extract(epoch FROM clock_timestamp())::float8"))
        return float(rows[0][0])

    def asks_again(self, error: Exception) -> bool:
        """Whether PostgreSQL ended one of two transactions that waited for each other."""
        errors = self._psycopg.errors
        return isinstance(error, errors.DeadlockDetected | errors.SerializationFailure)


def _worded(text: str) -> str:
    for word, meant in _WORDS.items():
        text = text.replace(word, meant)
    return text
