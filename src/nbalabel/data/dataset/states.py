"""The part of :class:`Dataset` that says how completely images are labeled: states, weights, regions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...core.change.change import Change
from ...core.tables.of_images import labeled_all_over
from ...core.tables.state import State
from ..edits import cells as edits
from ..edits.regions import add_regions, complete_for
from ..edits.rows_meant import images_of
from ..edits.unlabel import unlabel
from ..store.storage import user
from ..working.working_copy import WorkingCopy


class StateEditing:
    """Edits of states, weights and regions; each makes one Change."""

    _copy: WorkingCopy

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

    def mark_complete(
        self,
        images: Any,
        weight: float = 1,
        origin: str | None = None,
        *,
        labels: Sequence[str] | None = None,
    ) -> Change:
        """Mark images as complete: all objects have an instance, and training takes the rest for background.

        Args:
            images: ids of images, a boolean Series over them, or rows, as in :meth:`unlabel`.
            weight: sampling weight for these images, >= 0; with ``labels``, for those that were unlabeled.
            origin: who or what makes the change; default: the user's login.
            labels: only all objects of these labels have an instance. Each image gets a region of kind "done"
                per label, and an unlabeled image becomes partial. Training then takes the rest of the image
                for background of these labels alone. None: of all labels.

        Raises:
            UnknownNameError: some images or labels do not exist.

        Source: A. Gupta, P. Dollar and R. Girshick, "LVIS" (2019), for images that are exhaustive for some
            labels.
        """
        if labels is None:
            return self._say(images, "complete", weight, origin)
        names = list(labels)

        def change(state: State) -> Change:
            ids = images_of(state, images)
            return complete_for(state, ids, names, weight, self._copy.reserve, origin or user())

        return self._make(change)

    def add_regions(
        self,
        rows: pd.DataFrame,
        kind: str | None = None,
        *,
        label: str | None = None,
        origin: str | None = None,
    ) -> Change:
        """Add regions: where it is not known what is there, or where everything is labeled.

        Regions of kind "ignore" are neither trained on nor measured. Regions of kind "done" say what is
        background on images of state partial; an unlabeled image that gets one becomes partial.

        Args:
            rows: at least ``image_id`` and ``mask``, masks as in :meth:`add_instances`: predictions that
                nobody decided about, crowds (``ds.instances.query("crowd")``), or masks of your own.
            kind: "ignore" or "done"; None takes the columns ``kind`` and ``label`` of the rows.
            label: the label that the regions are about; None: all labels.
            origin: who or what adds them; default: the user's login.

        Raises:
            DataError: a row does not fit the dataset; the message names it.
            UnknownNameError: there is no such label.
            MaskError: a mask is malformed or of another size than its image.
        """
        return self._make(
            lambda state: add_regions(state, rows, kind, label, self._copy.reserve, origin or user())
        )

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
