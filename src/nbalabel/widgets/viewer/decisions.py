"""What a person decides on one image without drawing: its predictions as they are, and its state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.change.change import Change
from ...core.change.table_change import ids_of
from ...core.errors import UnknownNameError, first
from ..edit.edits import Edits
from ..rows.bulk_actions import perform
from ..workspace.workspace_port import serves


class Decisions(Edits):
    """Edits that take predictions over or turn them down as they are, and say how far an image is labeled.

    Each is one Change, the same that a gallery or a table makes of these rows; :meth:`Edits.undo` takes it
    back.
    """

    @serves
    def decide(self, *, action: str, ids: Sequence[int], overlap: str = "skip") -> dict[str, Any]:
        """Accept or reject predictions as they are.

        Where one is accepted, all views point at the instance it became: what is drawn next belongs to it.

        Args:
            action: "accept" or "reject".
            ids: of the predictions.
            overlap: what happens where an accepted one overlaps a label, see :meth:`Dataset.accept`.

        Returns:
            ids of the new instances, a note that counts what stayed out and why, and the tables' revision.
        """
        change = self._perform("predictions", action, ids, {"overlap": overlap})
        made = ids_of(change.tables["instances"].created).tolist() if "instances" in change.tables else []
        if len(ids) == 1 and made:
            self.workspace.selection.active = ("instances", made[0])
        return self._said(change, ids=made)

    @serves
    def image_state(self, *, image_id: int, state: str) -> dict[str, Any]:
        """Say how far an image is labeled: "unlabeled", "partial", "complete" or "empty".

        An image with labels is neither unlabeled nor empty: that is refused, and says what to do.
        """
        change = self._perform("images", "set", [image_id], {"column": "state", "value": state})
        return self._said(change)

    def _perform(self, of: str, action: str, ids: Sequence[int], values: dict[str, Any]) -> Change:
        self._check_editing()
        ws = self.workspace
        ws.refresh()
        known = ws.ids(of)
        lost = np.setdiff1d(np.array(ids, np.int64), known)
        if len(lost):
            raise UnknownNameError(f"{of} {first(lost)} are no longer there; nothing was done")
        change = perform(ws, of, action, np.isin(known, np.array(ids, np.int64)), values)
        ws.refresh()
        return change
