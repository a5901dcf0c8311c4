"""The kernel's end of a view of a workspace: it shares the workspace's selection and display."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import traitlets

from ...core.errors import HistoryError
from ..bridge.port import Buffers as Buffers
from ..bridge.port import Reply as Reply
from ..bridge.port import plain as plain
from ..bridge.port import serves as serves
from .alike import SOURCE
from .selection import unpack
from .shared_display import PictureView

if TYPE_CHECKING:
    from .workspace import Workspace


class Bridge(PictureView):
    """A view of a workspace.

    Attributes:
        workspace: the workspace it shows.
        source: its name in the selection: the key of its clauses.
    """

    selection = traitlets.Unicode(help="reference of the shared Selection widget").tag(sync=True, fixed=True)
    source = traitlets.Unicode(help="key of this view's clauses in the selection").tag(sync=True, fixed=True)

    def __init__(self, workspace: Workspace, **traits: Any) -> None:
        self.workspace = workspace
        super().__init__(
            workspace.lock,
            workspace.shared_display,
            selection=f"anywidget:{workspace.selection.model_id}",
            source=f"{self.bundle}-{secrets.token_hex(3)}",
            **traits,
        )
        workspace.attach(self)

    @serves
    def similar(self, *, of: str, rev: int, buffers: list[memoryview], n: int = 20) -> Reply:
        """Select the rows in ``buffers[0]`` and what looks like them; see :meth:`.Workspace.more_like`."""
        ws = self.workspace
        if rev != ws.rev:
            raise HistoryError("the tables changed meanwhile: ask again")
        ids = ws.ids(of)
        ws.more_like(ids[unpack(buffers[0], len(ids))], n, of, self.source)
        self.nearest_first(of)
        return {"title": ws.selection.clauses[SOURCE].title, "rev": ws.rev}

    def nearest_first(self, of: str) -> None:
        """Sort by ``distance``, in a view of that table that has an order."""

    def prepare(self) -> None:
        """Refresh the workspace."""
        self.workspace.refresh()

    def refreshed(self) -> None:
        """The workspace's tables have changed; views drop here what they cached of them."""
        self.emit("refresh", {"rev": self.workspace.rev})

    def close(self) -> None:
        """Close the view and remove its clauses."""
        if self.comm is not None:
            self.workspace.detach(self)
        super().close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.workspace!r}>"

    def _receive(self, _: Any, content: Any, buffers: list[memoryview]) -> None:
        if isinstance(content, dict) and content.get("kind") == "selection":
            with self.lock:
                self.workspace.selection.receive(content, buffers, self.send)
        else:
            super()._receive(_, content, buffers)
