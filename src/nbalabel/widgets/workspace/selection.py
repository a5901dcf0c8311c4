"""The selection that all views of a workspace share: a widget without a view.

The browser owns the clauses that people make there, and links the views without asking the kernel; its
messages arrive here when the kernel has time. Clauses made in Python are sent the other way. Messages: see
``js/src/wire/selection_sync.ts``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import anywidget
import numpy as np
import numpy.typing as npt

from ...core.errors import DataError, UnknownNameError
from ..bridge.bundle import script
from ..bridge.numbers import runs
from ..bridge.params import short
from .clauses import TABLES, Clause, Index, Rows, allowed, check_table, moved

Ids: TypeAlias = npt.NDArray[np.int64]
Send: TypeAlias = Callable[..., None]
Listener: TypeAlias = Callable[[str], None]

_MOST = 200  # clauses
_LONG = 200_000  # characters of a clause's title or code
_LARGE = 2**53
_KEPT = 4  # revisions of tables that late messages from the browser may still refer to


class Selection(anywidget.AnyWidget):
    """The rows in focus.

    Without any clause, ``ids`` and ``images`` are empty, and ``allowed`` returns None for all rows.

    Attributes:
        errors: the errors of the last 20 messages that were refused, newest last.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._rev = 0
        self._past: dict[int, Index] = {0: index}
        self._clauses: dict[str, Clause] = {}
        self._active: tuple[str, int] | None = None
        self._ports: dict[int, Send] = {}
        self.errors: deque[Exception] = deque(maxlen=20)
        self._listeners: list[Listener] = []
        self._esm = script("selection")
        super().__init__()
        self.on_msg(lambda _, content, buffers: self.receive(content, buffers, self.send))

    @property
    def clauses(self) -> Mapping[str, Clause]:
        """The clauses by source, oldest first."""
        return MappingProxyType(self._clauses)

    @property
    def of(self) -> str:
        """The table of the last clause; "images" without any."""
        return next(reversed(self._clauses.values())).of if self._clauses else "images"

    @property
    def ids(self) -> Ids:
        """Ids selected in the table :attr:`of`, ``(n,)`` int64."""
        return self.ids_of(self.of)

    @property
    def images(self) -> Ids:
        """Ids of the images that are selected, or hold selected rows, ``(n,)`` int64."""
        return self.ids_of("images")

    @property
    def instances(self) -> Ids:
        """Ids of the instances that are selected, or on selected images, ``(n,)`` int64."""
        return self.ids_of("instances")

    @property
    def predictions(self) -> Ids:
        """Ids of the predictions that are selected, or on selected images, ``(n,)`` int64."""
        return self.ids_of("predictions")

    def ids_of(self, of: str) -> Ids:
        """Ids of a table that all clauses allow; none without any clause."""
        rows = self.allowed(check_table(of))
        return np.zeros(0, np.int64) if rows is None else self._index.ids[of][rows]

    def allowed(self, of: str, without: tuple[str, ...] = ()) -> Rows | None:
        """Rows that all clauses allow, ``(n,)`` bool; None for all rows, without any clause.

        Args:
            of: "images", "instances" or "predictions".
            without: sources whose clauses are ignored: a view leaves out its own.
        """
        return allowed(self._index, self._clauses.values(), check_table(of), without)

    @property
    def active(self) -> tuple[str, int] | None:
        """The active row of all views, as its table and its id."""
        return self._active

    @active.setter
    def active(self, what: tuple[str, int] | None) -> None:
        if what is not None:
            of, row_id = what
            if row_id not in self._index.ids[check_table(of)]:
                raise UnknownNameError(f"{of} has no row {row_id}")
        self._active = what
        self._broadcast({"op": "active", "client": "", **self._active_row()})
        self._tell("active")

    def set(self, source: str, of: str, ids: npt.ArrayLike, title: str = "", code: str = "") -> None:
        """Replace the clause of a source.

        Args:
            source: who makes the clause.
            of: "images", "instances" or "predictions".
            ids: of its rows.
            title: a text for people.
            code: the same as a pandas expression; see :class:`~nbalabel.widgets.workspace.clauses.Clause`.

        Raises:
            UnknownNameError: ids that the table does not have.
        """
        self.put(Clause(source, check_table(of), self._index.rows_of(of, ids), title, code))

    def put(self, clause: Clause, client: str = "") -> None:
        """As :meth:`set`, for a clause made of rows."""
        if len(clause.rows) != self._index.size(clause.of):
            raise DataError(
                f"a clause of {clause.of} needs {self._index.size(clause.of)} rows, got {len(clause.rows)}"
            )
        self._clauses.pop(clause.source, None)
        self._clauses[clause.source] = clause
        self._broadcast({"op": "clause", "client": client, **_head(clause)}, [pack(clause.rows)])
        self._tell(clause.source)

    def clear(self, source: str | None = None, client: str = "") -> None:
        """Remove the clause of a source, or all clauses."""
        for name in [source] if source is not None else list(self._clauses):
            if self._clauses.pop(name, None) is not None:
                head = {"op": "clause", "client": client, "source": name, "removed": True}
                self._broadcast({**head, "of": "images", "title": "", "code": ""})
                self._tell(name)

    def on_change(self, listener: Listener) -> Callable[[], None]:
        """Call back with the source of a changed clause, "active" or "tables"; returns a function to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def reindex(self, index: Index) -> None:
        """The tables have changed: find the rows of each clause again by id, and send the state."""
        before, self._index = self._index, index
        self._rev += 1
        self._past = {rev: old for rev, old in self._past.items() if rev > self._rev - _KEPT}
        self._past[self._rev] = index
        self._clauses = {source: moved(clause, before, index) for source, clause in self._clauses.items()}
        if self._active is not None and self._active[1] not in index.ids[self._active[0]]:
            self._active = None
        self._send_state(self._broadcast_raw)
        self._tell("tables")

    def receive(self, content: dict[str, Any], buffers: list[memoryview], port: Send) -> None:
        """Handle a message of the browser; ``port`` sends replies, and the state if it is refused."""
        if not isinstance(content, dict) or content.get("kind") != "selection":
            return
        try:
            self._hear(content, buffers, port)
        except Exception as error:  # noqa: BLE001  # a page may send anything
            self.errors.append(error)
            self._send_state(port)

    def _hear(self, content: dict[str, Any], buffers: list[memoryview], port: Send) -> None:
        op, client, rev = content.get("op"), short(content.get("client")), content.get("rev")
        if op == "ready":
            self._ports[id(getattr(port, "__self__", port))] = port
            self._send_state(port)
        elif op == "sync":
            seq = content.get("seq")
            if not isinstance(seq, int) or abs(seq) > _LARGE:
                raise DataError(f"seq must be a whole number, got {short(seq)}")
            port({"kind": "selection", "op": "ack", "client": client, "seq": seq})
        elif isinstance(rev, int) and rev in self._past:
            self._take(op, content, buffers, client)

    def _take(self, op: Any, content: dict[str, Any], buffers: list[memoryview], client: str) -> None:
        past = self._past[content["rev"]]
        if op == "active":
            of, row = str(content.get("of")), int(content.get("row", -1))
            known = of in TABLES and 0 <= row < past.size(str(of))
            self._active = (str(of), int(past.ids[str(of)][row])) if known else None
            self._broadcast({"op": "active", "client": client, **self._active_row()})
            self._tell("active")
        elif op == "clause" and content.get("removed"):
            self.clear(str(content.get("source")), client)
        elif op == "clause":
            of = check_table(str(content.get("of")))
            if len(buffers) != 1:
                raise DataError(f"a clause comes with its rows, got {len(buffers)} buffers")
            rows = unpack(buffers[0], past.size(of))
            source, title, code = (_text(content, name) for name in ("source", "title", "code"))
            if source not in self._clauses and len(self._clauses) >= _MOST:
                raise DataError(f"expected at most {_MOST} clauses")
            clause = Clause(source, of, rows, title, code)
            self.put(moved(clause, past, self._index), client)

    def _active_row(self) -> dict[str, Any]:
        if self._active is None:
            return {"of": None, "row": -1}
        of, row_id = self._active
        return {"of": of, "row": int(np.flatnonzero(self._index.ids[of] == row_id)[0])}

    def _send_state(self, send: Send) -> None:
        index, active = self._index, self._active_row()
        message = {
            "kind": "selection",
            "op": "state",
            "rev": self._rev,
            "sizes": {of: index.size(of) for of in TABLES},
            "clauses": [_head(clause) for clause in self._clauses.values()],
            "active": active if active["of"] else None,
        }
        parts = [runs(index.image_row[of]) for of in TABLES[1:]]
        send(message, [*parts, *(pack(clause.rows) for clause in self._clauses.values())])

    def _broadcast(self, message: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        self._broadcast_raw({"kind": "selection", "rev": self._rev, **message}, buffers or [])

    def _broadcast_raw(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        for port in list(self._ports.values()):
            port(message, buffers)

    def _tell(self, what: str) -> None:
        for listener in list(self._listeners):
            listener(what)


def _text(content: dict[str, Any], name: str) -> str:
    text = content.get(name)
    if not isinstance(text, str) or short(text, _LONG) != text:
        raise DataError(f"{name} must be text of at most {_LONG:,} characters, got {short(text)}")
    return text


def pack(rows: Rows) -> bytes:
    """Rows as bits, row i in bit i % 8 of byte i // 8."""
    return np.packbits(rows, bitorder="little").tobytes()


def unpack(bits: bytes | memoryview, n: int) -> Rows:
    """Rows from the bits of :func:`pack`.

    Raises:
        DataError: the number of bytes does not fit.
    """
    data = np.frombuffer(bits, np.uint8)
    if len(data) != (n + 7) // 8:
        raise DataError(f"expected {(n + 7) // 8} bytes for {n} rows, got {len(data)}")
    return np.unpackbits(data, count=n, bitorder="little").astype(np.bool_)


def _head(clause: Clause) -> dict[str, str]:
    return {"source": clause.source, "of": clause.of, "title": clause.title, "code": clause.code}
