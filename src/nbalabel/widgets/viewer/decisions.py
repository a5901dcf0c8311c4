"""Decisions on one image without drawing: accept or reject its predictions, and set its state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.change.change import Change
from ...core.change.table_change import ids_of
from ...core.errors import UnknownNameError, first
from ...core.id_sets import minus
from ..edit.edits import Edits
from ..rows.bulk_actions import perform
from ..workspace.workspace_port import serves


class Decisions(Edits):
    """Edits that accept or reject predictions as they are, and set the state of an image.

    Each is one Change, the same as a gallery or a table makes for these rows; :meth:`Edits.undo` takes it
    back.
    """

    @serves
    def decide(self, *, action: str, ids: Sequence[int], overlap: str = "skip") -> dict[str, Any]:
        """Accept or reject predictions as they are.

        If a single one is accepted, the instance it became is the active row, so the next edit applies to it.

        Args:
            action: "accept" or "reject".
            ids: of the predictions.
            overlap: what happens if an accepted one overlaps an instance, see :meth:`Dataset.accept`.

        Returns:
            ids of the new instances, a note with what was left out and why, and the tables' revision.
        """
        change = self._perform("predictions", action, ids, {"overlap": overlap})
        made = ids_of(change.tables["instances"].created).tolist() if "instances" in change.tables else []
        if len(ids) == 1 and made:
            self.workspace.selection.active = ("instances", made[0])
        return self._said(change, ids=made)

    @serves
    def image_state(self, *, image_id: int, state: str) -> dict[str, Any]:
        """Set the state of an image: "unlabeled", "partial", "complete" or "empty".

        An image with instances can be neither unlabeled nor empty: the error says what to do.
        """
        change = self._perform("images", "set", [image_id], {"column": "state", "value": state})
        return self._said(change)

    def _perform(self, of: str, action: str, ids: Sequence[int], values: dict[str, Any]) -> Change:
        self._check_editing()
        ws = self.workspace
        ws.refresh()
        known = ws.ids(of)
        lost = minus(np.array(ids, np.int64), known)
        if len(lost):
            raise UnknownNameError(f"{of} {first(lost)} are no longer there; nothing was done")
        change = perform(ws, of, action, np.isin(known, np.array(ids, np.int64)), values)
        ws.refresh()
        return change
