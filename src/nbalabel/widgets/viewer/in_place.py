"""An editor inside of another view: made when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..workspace.workspace_port import Bridge, serves

if TYPE_CHECKING:
    from .editor import Editor


class InPlace(Bridge):
    """A view that can open an editor over itself. Hosts that cannot nest views leave it closed."""

    _editor: Editor | None = None

    @serves
    def editor(self, *, height: int) -> dict[str, Any]:
        """The reference by which the host finds the editor.

        Args:
            height: CSS pixels there are for it.
        """
        from .editor import Editor

        height = max(int(height), 200)
        if self._editor is None:
            who = getattr(self, "annotator", None)
            self._editor = Editor(self.workspace, height=height, show_list=False, annotator=who)
        self._editor.height = height
        return {"ref": f"anywidget:{self._editor.model_id}"}

    def close(self) -> None:
        """Take the view and its editor away."""
        if self._editor is not None:
            self._editor.close()
        super().close()
