"""Base of the views that act on many rows at once: actions with their undo, answers, and pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import traitlets

from ...core.change.change import Change
from ...core.errors import DataError, HistoryError, NbalabelError
from ...core.ontology.attribute import ASKED_OF
from ..answers.answering import Answering, state_of
from ..answers.form import part_of
from ..pixels.pictures import coming, stretched, thumbnail_bytes
from ..workspace.workspace_port import Reply, serves
from .bulk_actions import agreed_rows, perform, sample

if TYPE_CHECKING:
    from ..workspace.workspace import Workspace

_AT_ONCE = 2000  # rows or pictures per request, at most


def n_asked(ws: Workspace, of: str) -> int:
    """The number of questions that may be asked of the rows of a table."""
    return sum(not one.retired for one in ws.ds.ontology.attributes(of).values())


class Acting(Answering):
    """A view of the rows of one table, with actions on those in focus: a Table, a Gallery or a Scatter."""

    of: traitlets.Unicode[str, str]

    _done: Change | None = None
    _largest = 256  # pixels, longer side of a picture

    @serves
    def pictures(self, *, size: int, buffers: list[memoryview], rev: int | None = None) -> Reply:
        """Small pictures of rows, one buffer each; empty if it cannot be made, with the reason in ``errors``.

        ``auto`` lists the rows shown with auto contrast. No pictures if ``rev`` is an older revision.
        """
        if self._outdated(rev):
            return {"rev": self.workspace.rev, "errors": {}, "auto": []}
        rows = self._rows(buffers[0])
        out, errors, auto = [], {}, []
        with self.workspace.steady():
            for row in coming(self.workspace, self.of, rows):
                try:
                    out.append(self._picture(row, min(max(size, 16), self._largest)))
                    if stretched(self.workspace, self.of, row):
                        auto.append(row)
                except (NbalabelError, OSError, ValueError) as error:
                    out.append(b"")
                    errors[row] = str(error)
        return {"rev": self.workspace.rev, "errors": errors, "auto": auto}, out

    @serves
    def act(
        self, *, action: str, values: dict[str, Any], n: int, rev: int, buffers: list[memoryview]
    ) -> Reply:
        """Apply an action to the rows in ``buffers[0]``; see :mod:`nbalabel.widgets.rows.bulk_actions`."""
        rows = agreed_rows(self.workspace, self.of, buffers[0], n, rev)
        return self._report(perform(self.workspace, self.of, action, rows, values))

    @serves
    def questions_of(self, *, n: int, rev: int, buffers: list[memoryview]) -> Reply:
        """The questions that are asked of the rows in ``buffers[0]``, with how many have which answer."""
        ws, of = self.workspace, self.of
        rows = agreed_rows(ws, of, buffers[0], n, rev)
        parts = [part_of(state_of(ws), of, ws.ids(of)[rows])] if of in ASKED_OF and n else []
        return {"rev": ws.rev, "parts": [{**part, "ids": []} for part in parts]}

    @serves
    def sample(self, *, n: int, rev: int, buffers: list[memoryview]) -> Reply:
        """A preview of an action on the rows in ``buffers[0]``; see :func:`.bulk_actions.sample`."""
        return sample(self.workspace, self.of, agreed_rows(self.workspace, self.of, buffers[0], n, rev))

    @serves
    def undo(self, *, change: str) -> Reply:
        """Take back the last edit made here."""
        ds = self.workspace.ds
        if self._done is None or self._done.id != change:
            raise HistoryError(
                "that edit is not the last one made here: ds.log() lists all, ds.revert(...) takes one back"
            )
        log = ds.log()
        last = len(log) > 0 and log.index[0] == change
        taken = ds.undo() if last else ds.revert(self._done)
        self._done = None
        self.workspace.refresh()
        return {"note": "undone" if last else taken.note, "rev": self.workspace.rev}

    def _report(self, change: Change) -> dict[str, Any]:
        self._done = change if change else None
        self.workspace.refresh()
        note = change.note or change.summary()
        return {"note": note, "change": change.id if change else "", "rev": self.workspace.rev}

    def _picture(self, row: int, size: int) -> bytes:
        return thumbnail_bytes(self.workspace, self.of, row, size)

    def _outdated(self, rev: int | None) -> bool:
        """Whether a request is about older tables; the page gets the new revision and asks again."""
        return rev is not None and rev != self.workspace.rev

    def _rows(self, buffer: memoryview) -> npt.NDArray[np.int32]:
        rows, n = np.frombuffer(buffer, np.int32), len(self.workspace.ids(self.of))
        if len(rows) > _AT_ONCE or (len(rows) and not 0 <= rows.min() <= rows.max() < n):
            raise DataError(f"expected at most {_AT_ONCE} row numbers below {n}, got {len(rows)}")
        return rows
