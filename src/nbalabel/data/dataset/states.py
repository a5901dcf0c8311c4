"""The part of :class:`Dataset` that sets states and weights of images in bulk."""

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
        """Reset images to "unlabeled": remove their instances and rejections.

        Removing the instances alone would leave the images "complete": training would learn that nothing is
        on them. The weight becomes 0, as for unlabeled images of the readers; labeling by hand sets it to 1.

        Args:
            images: ids of images; or rows of images, instances or predictions, which select their images.
            origin: who or what makes the change; default: the user's login.

        Raises:
            UnknownNameError: some images do not exist.
        """
        return self._make(lambda state: unlabel(state, images_of(state, images), origin or user()))

    def mark_complete(self, images: Any, weight: float = 1, origin: str | None = None) -> Change:
        """Mark images as complete: all objects have an instance, and training takes the rest for background.

        Args:
            images: ids of images, a boolean Series over them, or rows, as in :meth:`unlabel`.
            weight: sampling weight for these images, >= 0.
            origin: who or what makes the change; default: the user's login.

        Raises:
            UnknownNameError: some images do not exist.
        """
        return self._say(images, "complete", weight, origin)

    def mark_empty(self, images: Any, weight: float = 1, origin: str | None = None) -> Change:
        """Mark images as empty: a person looked, and there is nothing to label.

        :func:`nbalabel.likely_empty` finds images to look at.

        Args:
            images: ids of images, a boolean Series over them, or rows, as in :meth:`unlabel`.
            weight: sampling weight for these images, >= 0.
            origin: who or what makes the change; default: the user's login.

        Raises:
            DataError: some images have instances; the message names them.
            UnknownNameError: some images do not exist.
        """
        return self._say(images, "empty", weight, origin)

    def weigh_complete(self, weight: float = 1, origin: str | None = None) -> Change:
        """Train only on fully labeled images: all other images get weight 0.

        Training takes the unlabeled objects of a partial image for background; this prevents it.

        Args:
            weight: sampling weight for images of state complete or empty that have weight 0; other complete
                or empty images keep theirs.
            origin: who or what makes the change; default: the user's login.
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
