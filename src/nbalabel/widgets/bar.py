"""The strip above the views: the selection of each view, undo and redo."""

from __future__ import annotations

from ..core.change.change import Change
from ..data.history.status import Status
from .workspace.workspace_port import Bridge, Reply, serves


class Bar(Bridge):
    """Shows what each view selects and how many rows are in focus; undoes and redoes the last changes.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=8, n_labeled=4, n_test=2, size=96)
        >>> Bar(nl.Workspace(ds)).history()["undo"]
        ''
    """

    bundle = "bar"

    @serves
    def history(self) -> dict[str, str]:
        """What undo and redo would do, and how many changes are not committed; "" for nothing."""
        ds = self.workspace.ds
        n = sum(ds.status().origins.values())
        text = f"{n:,} uncommitted change{'' if n == 1 else 's'}" if n else ""
        return {"undo": _told(ds.next_undo), "redo": _told(ds.next_redo), "uncommitted": text}

    @serves
    def code(self, *, titles: dict[str, str] | None = None) -> Reply:
        """The selection as pandas code for a cell.

        ``titles`` are those of the clauses on the page, by source. If they differ from the kernel's, a
        selection made on the page has not arrived yet, and ``current`` is False.
        """
        here = {source: clause.title for source, clause in self.workspace.selection.clauses.items()}
        return {"code": self.workspace.code(), "current": titles is None or titles == here}

    @serves
    def undo(self) -> Reply:
        """Take back the last uncommitted change.

        Raises:
            HistoryError: there is none.
        """
        return self._move("undo")

    @serves
    def redo(self) -> Reply:
        """Take back the last undo.

        Raises:
            HistoryError: there is none.
        """
        return self._move("redo")

    def refreshed(self) -> None:
        """The tables have changed: send what undo and redo would do now."""
        super().refreshed()
        self.emit("history", dict(self.history()))

    def _move(self, step: str) -> dict[str, str]:
        getattr(self.workspace.ds, step)()
        self.workspace.refresh()
        return self.history()


def _told(change: Change | None) -> str:
    """A short text on a change; "" for None."""
    if change is None:
        return ""
    by = {change.origin or "nobody": 1}
    rows = ", ".join(f"{name} {text}" for name, text in Status.of("", change, by, behind=False).facts())
    return change.note or rows or change.origin or "a change"
