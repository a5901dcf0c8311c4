"""An editor inside another view, made when it is first opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..answers.definitions import Definitions
from ..workspace.workspace_port import serves

if TYPE_CHECKING:
    from .editor import Editor


class InPlace(Definitions):
    """A view that can open an editor over itself. Hosts that cannot nest views leave it closed.

    The editor has the panel beside the picture that the view has, with the same function of yours.
    """

    _editor: Editor | None = None

    @serves
    def editor(self, *, height: int) -> dict[str, Any]:
        """Make the editor if needed; returns the reference by which the host finds it.

        Args:
            height: CSS pixels available for the editor.
        """
        from .editor import Editor

        height = max(int(height), 200)
        makes: Any = getattr(self, "beside", False)
        if self._editor is None:
            who = getattr(self, "annotator", None)
            self._editor = Editor(self.workspace, height=height, show_list=False, annotator=who, beside=makes)
            self._editor.introduces = False  # the view has shown the guidelines
        if self._editor.beside is not makes:
            self._editor.beside = makes
        self._editor.height = height
        return {"ref": f"anywidget:{self._editor.model_id}"}

    def close(self) -> None:
        """Close the view and its editor."""
        if self._editor is not None:
            self._editor.close()
        super().close()
