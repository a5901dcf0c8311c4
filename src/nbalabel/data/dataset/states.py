"""How completely images are labeled, said in bulk: the part of :class:`Dataset` that says it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.change.change import Change
from ...core.tables.of_images import labeled_all_over
from ...core.tables.state import State
from ..edits import cells as edits
from ..edits.rows_meant import images_of
from ..edits.unlabel import unlabel
from ..store.storage import user


class StateEditing:
    """Edits of states and weights; each makes one Change."""

    if TYPE_CHECKING:

        def _make(self, build: Callable[[State], Change]) -> Change: ...

    def unlabel(self, images: Any, origin: str | None = None) -> Change:
        """Say that nobody has labeled some images: their labels and rejections go, their state is unlabeled.

        Removing the instances alone would leave the images "complete": training then learns that nothing is
        on them. Weight becomes 0, as readers give images nobody labeled; labeling one makes it count again.

        Args:
            images: ids of images; or rows of images, of instances or of predictions, which stand for the
                images they are on.
            origin: who or what does so; default: the user's login.

        Raises:
            UnknownNameError: images that are not there.
        """
        return self._make(lambda state: unlabel(state, images_of(state, images), origin or user()))

    def mark_complete(self, images: Any, weight: float = 1, origin: str | None = None) -> Change:
        """Say that everything on some images is labeled: a model may learn that the rest of them is nothing.

        Args:
            images: ids of images, a mask over them, or rows, as :meth:`unlabel` takes them.
            weight: sampling weight they get, >= 0.
            origin: who or what says so; default: the user's login.

        Raises:
            UnknownNameError: images that are not there.
        """
        return self._say(images, "complete", weight, origin)

    def mark_empty(self, images: Any, weight: float = 1, origin: str | None = None) -> Change:
        """Say that somebody looked at some images and nothing is on them.

        :func:`nbalabel.likely_empty` finds images to look at.

        Args:
            images: ids of images, a mask over them, or rows, as :meth:`unlabel` takes them.
            weight: sampling weight they get, >= 0.
            origin: who or what says so; default: the user's login.

        Raises:
            DataError: there are labels on some; the message names them.
            UnknownNameError: images that are not there.
        """
        return self._say(images, "empty", weight, origin)

    def weigh_complete(self, weight: float = 1, origin: str | None = None) -> Change:
        """Train on what is labeled all over, and on nothing else: all other images get weight 0.

        What is unlabeled on an image of state partial is taught as background; this keeps it out.

        Args:
            weight: sampling weight of images of state complete or empty that have weight 0; others keep
                theirs.
            origin: who or what says so; default: the user's login.
        """

        def change(state: State) -> Change:
            images = state.tables["images"]
            now = images["weight"].to_numpy(np.float32)
            done = labeled_all_over(images)
            wanted = np.where(done, np.where(now > 0, now, np.float32(weight)), np.float32(0))
            ids = images.index.to_numpy()
            made = edits.set_cells(state, "images", ids, {"weight": wanted}, origin or user())
            note = f"{int(done.sum()):,} of {len(done):,} images are labeled all over and in training"
            return Change(made.tables, None, made.origin, note)

        return self._make(change)

    def _say(self, images: Any, what: str, weight: float, origin: str | None) -> Change:
        def change(state: State) -> Change:
            ids = images_of(state, images)
            cells = {"state": what, "weight": weight}
            made = edits.set_cells(state, "images", ids, cells, origin or user())
            return Change(made.tables, None, made.origin, f"{len(ids):,} images are {what}")

        return self._make(change)
