"""A review of one mask after the other, each in a dataset of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from ...core.errors import HistoryError
from ..review.review import Review
from ..workspace.workspace_port import Reply, serves

Heard = Callable[[str, str | None, float], None]


class OneReview(Review):
    """A :class:`Review` that passes each answer on once its reply is sent."""

    heard: Heard | None = None

    @serves
    def answer(
        self,
        *,
        item_id: int,
        what: str,
        label: str | None = None,
        overlap: str | None = None,
        seconds: float = 0.0,
    ) -> Reply:
        """As in :class:`Review`."""
        reply = super().answer(item_id=item_id, what=what, label=label, overlap=overlap, seconds=seconds)
        if self.heard is not None:
            _soon(partial(self.heard, what, label, seconds))
        return reply

    @serves
    def make_example(self, **_: Any) -> dict[str, Any]:
        """Examples are not made here: definitions of a queue are those it began with.

        Raises:
            HistoryError: always.
        """
        raise HistoryError("examples are made in the dataset itself: a queue keeps what it began with")

    @serves
    def editor(self, *, height: int) -> dict[str, Any]:  # noqa: ARG002  # as in Review
        """The mask cannot be changed here: the answer is about the mask as it is.

        Raises:
            HistoryError: always.
        """
        raise HistoryError("this queue asks about the mask as it is: reject it if it is not right")


def _soon(act: Callable[[], object]) -> None:
    try:
        asyncio.get_running_loop().call_soon(act)
    except RuntimeError:
        act()  # no notebook
