"""The part of :class:`Dataset` that edits the label list: add, rename, remove and reorder labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ...core.change.change import Change
from ...core.tables.state import State
from ..edits import cells as edits
from ..store.storage import user


class LabelEditing:
    """Edits of the label list; each makes one Change."""

    if TYPE_CHECKING:

        def _make(self, build: Callable[[State], Change]) -> Change: ...

    def add_label(self, name: str, origin: str | None = None) -> Change:
        """Add a label at the end of the list."""
        return self._make(lambda state: edits.add_label(state, name, origin or user()))

    def rename_label(self, old: str, new: str, origin: str | None = None) -> Change:
        """Rename a label; the name of an existing label merges the two."""
        return self._make(lambda state: edits.rename_label(state, old, new, origin or user()))

    def remove_label(self, name: str, to: str | None = None, origin: str | None = None) -> Change:
        """Remove a label.

        Args:
            name: the label.
            to: the label that its instances and rejections get instead; None: it must have none.
            origin: who or what makes the change; default: the user's login.

        Raises:
            DataError: the label has instances or rejections, and ``to`` is None.
            UnknownNameError: there is no such label.
        """
        return self._make(lambda state: edits.remove_label(state, name, to, origin or user()))

    def reorder_labels(self, names: Sequence[str], origin: str | None = None) -> Change:
        """Reorder the labels; the order determines colors, digit keys and the columns of a confusion matrix.

        Raises:
            DataError: ``names`` does not list each label exactly once.
        """
        return self._make(lambda state: edits.reorder_labels(state, names, origin or user()))
