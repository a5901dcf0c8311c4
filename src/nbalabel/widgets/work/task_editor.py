"""The editor of a task, in a dataset of its own that is dropped once the answer is in the queue."""

from __future__ import annotations

from typing import Any

from ...core.errors import HistoryError
from ..viewer.editor import Editor
from ..workspace.workspace_port import serves


class TaskEditor(Editor):
    """An :class:`Editor` of a draft: what an answer of a queue has no place for is refused, not lost."""

    @serves
    def make_example(self, **_: Any) -> dict[str, Any]:
        """Examples are not made here: a draft is dropped, and its ids are not those of the dataset.

        Raises:
            HistoryError: always.
        """
        raise HistoryError("examples are made in the dataset itself: a queue keeps what it began with")
