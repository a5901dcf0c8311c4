"""The list of labels, edited: the part of :class:`Dataset` that adds, renames, removes and orders them."""

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
        """One more label, at the end of the list."""
        return self._make(lambda state: edits.add_label(state, name, origin or user()))

    def rename_label(self, old: str, new: str, origin: str | None = None) -> Change:
        """Another name for a label; the name of an existing one merges the two."""
        return self._make(lambda state: edits.rename_label(state, old, new, origin or user()))

    def remove_label(self, name: str, to: str | None = None, origin: str | None = None) -> Change:
        """One label less.

        Args:
            name: which.
            to: the label that its masks and rejections get instead; None: there must be none.
            origin: who or what does so; default: the user's login.

        Raises:
            DataError: there are masks or rejections of that label, and ``to`` does not say what becomes of
                them.
            UnknownNameError: there is no such label.
        """
        return self._make(lambda state: edits.remove_label(state, name, to, origin or user()))

    def reorder_labels(self, names: Sequence[str], origin: str | None = None) -> Change:
        """The same labels in another order: that of colors, digit keys and columns of a confusion.

        Raises:
            DataError: ``names`` are not each of the labels once.
        """
        return self._make(lambda state: edits.reorder_labels(state, names, origin or user()))
