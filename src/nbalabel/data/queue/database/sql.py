"""What a queue asks of its database; SQLite and PostgreSQL answer it.

    with sql.transaction(durable=True) as run:
        rows = run("SELECT task_id FROM tasks WHERE queue_id = ?", (3,))

Statements are written for both: ``?`` for values, ``{lock}`` where PostgreSQL locks the rows it reads.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias, TypeVar

from ....core.errors import NewerSchemaError
from ....core.forking import register
from .schema import FORMAT, TABLES

Row: TypeAlias = tuple[Any, ...]
Run: TypeAlias = Callable[..., list[Row]]
T = TypeVar("T")


class Sql(ABC):
    """One database, one connection per process; threads take turns.

    Attributes:
        place: where it is, for messages.
        shown: where it is, for a card, without the folders of this machine.
    """

    place = ""
    shown = ""

    def __init__(self) -> None:
        self._lock, self._pid = threading.RLock(), os.getpid()
        self._connection: Any = None
        register(self)

    def do(self, work: Callable[[Run], T], *, durable: bool = False, reading: bool = False) -> T:
        """Do some work in a transaction, again where the database gave another one precedence.

        Args:
            work: gets a function that runs a statement and returns its rows.
            reading: it only reads, and needs to wait for nobody.
            durable: on return the work is on disk, also after a power cut; otherwise also after a kill.
        """

        def once() -> T:
            with self.transaction(durable=durable, reading=reading) as run:
                return work(run)

        return self._until_done(once)

    def call(self, function: str, values: Sequence[Any]) -> list[Row] | None:  # noqa: ARG002  # for those that do
        """Call a function that the database has; None for a database without functions.

        Args:
            function: its name, one of ``functions.py``.
            values: its arguments.

        Returns:
            The rows that it gives. What it did survives a kill, as without ``durable``.
        """
        return None

    @contextmanager
    def transaction(self, *, durable: bool = False, reading: bool = False) -> Iterator[Run]:
        """All or nothing: what a block runs is kept when it ends, and nothing of it when it raises."""
        with self._lock:
            self._open()
            self.begin(durable=durable, reading=reading)
            try:
                yield self.run
                self.run("COMMIT")
            except BaseException:
                self.back()
                raise
            self.ended(durable=durable)

    def _open(self) -> None:
        if self._connection is None:
            self._connection, self._pid = self.connect(), os.getpid()

    def _until_done(self, work: Callable[[], T]) -> T:
        with self._lock:
            while True:
                try:
                    return work()
                except Exception as error:
                    if not self.asks_again(error):
                        raise

    def prepare(self) -> None:
        """Make the tables where there are none."""
        self.do(self._make_tables, durable=True)

    def _make_tables(self, run: Run) -> None:
        for text in TABLES:
            run(text)
        rows = run("SELECT version FROM nbl_format")
        if not rows:
            run("INSERT INTO nbl_format (version) VALUES (?)", (FORMAT,))
        elif rows[0][0] > FORMAT:
            raise NewerSchemaError(
                f"{self.place} was made by a newer nbalabel (format {rows[0][0]}, this one knows {FORMAT})"
            )

    def close(self) -> None:
        """Close the connection; the next transaction opens another one."""
        with self._lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
            self._connection = None

    def __del__(self) -> None:
        with suppress(Exception):  # the interpreter may be ending
            self.close()

    def after_fork(self) -> None:
        """A child opens a connection of its own; that of its parent is left alone."""
        self._left, self._connection, self._lock = self._connection, None, threading.RLock()

    def ended(self, *, durable: bool) -> None:  # noqa: B027  # most have nothing to do then  # most have nothing to do then
        """A transaction was kept."""

    @abstractmethod
    def connect(self) -> Any:
        """A new connection."""

    @abstractmethod
    def begin(self, *, durable: bool, reading: bool) -> None:
        """Begin a transaction."""

    @abstractmethod
    def run(self, text: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement in the transaction; returns its rows."""

    @abstractmethod
    def many(self, text: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each of many rows, in the transaction."""

    @abstractmethod
    def back(self) -> None:
        """Take the transaction back."""

    @abstractmethod
    def now(self) -> float:
        """The time, seconds since 1970: one clock for everybody who uses the database."""

    def asks_again(self, error: Exception) -> bool:  # noqa: ARG002  # for those that do  # for databases that do
        """Whether an error means no more than: another transaction went first, try again."""
        return False
