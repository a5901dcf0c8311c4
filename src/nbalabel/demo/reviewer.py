"""A simulated reviewer: stands where the person's click would be, and can err as people do."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core.errors import DataError, UnknownNameError, first
from ..core.geometry.masks import rle
from ..core.tables.schema import INSTANCES

if TYPE_CHECKING:
    from ..core.tables.schema import LabeledImages


class Reviewer:
    """Answers what a person would be asked, from the truth.

    The same question always gets the same answer, a wrong one included, in whatever order questions come.

    Args:
        truth: complete labels of every image asked about; see :func:`nbalabel.demo.truth`.
        error_rate: share of answers that are wrong, 0..1.
        seed: which answers those are.

    Attributes:
        n_decisions: answers given so far, drawn masks included.
        n_drawn: masks drawn so far.
    """

    def __init__(self, truth: LabeledImages, error_rate: float = 0.0, seed: int = 0) -> None:
        if not 0 <= error_rate <= 1:
            raise DataError(f"error_rate must be between 0 and 1, got {error_rate}")
        self.truth, self.error_rate, self.seed = truth, error_rate, seed
        self.n_decisions = self.n_drawn = 0
        self._rows = truth.instances.groupby("image_id").indices

    def judge(self, predictions: pd.DataFrame, iou: float = 0.5) -> pd.Series:
        """Is each of these right? Yes when a true mask of the same label overlaps it enough.

        Two predictions of one fish are both right: each is judged alone, as it is shown.

        Args:
            predictions: rows with ``image_id``, ``label`` and ``mask``, such as ``run.predictions``.
            iou: least mask IoU with a label for a yes.

        Returns:
            bool, one for each row, by the predictions' index.

        Raises:
            UnknownNameError: an image that the truth does not have.
        """
        self._check(predictions["image_id"])
        best = np.zeros(len(predictions))
        labels = predictions["label"].astype(str).to_numpy()
        masks = predictions["mask"].to_list()
        for image_id, rows in predictions.groupby("image_id").indices.items():
            best[rows] = self._best_iou(image_id, labels[rows], [masks[i] for i in rows])
        questions = zip(predictions["image_id"], labels, masks, strict=True)
        wrong = self._errs(
            b"%d %s " % (image_id, label.encode()) + mask for image_id, label, mask in questions
        )
        self.n_decisions += len(predictions)
        return pd.Series((best >= iou) ^ wrong, index=predictions.index, dtype=bool)

    def is_empty(self, image_ids: Iterable[int]) -> pd.Series:
        """Is there nothing to label in each of these images? bool by image id.

        Raises:
            UnknownNameError: an image that the truth does not have.
        """
        ids = self._check(image_ids)
        empty = ~ids.isin(list(self._rows))
        self.n_decisions += len(ids)
        return pd.Series(empty ^ self._errs(b"empty %d" % i for i in ids), index=ids, dtype=bool)

    def is_complete(self, image_ids: Iterable[int], there: pd.DataFrame, iou: float = 0.5) -> pd.Series:
        """Does every object on each of these images have one instance, and no instance too many?

        Args:
            image_ids: which images.
            there: instances; those on other images are not looked at.
            iou: least mask IoU of an instance with an object of its label, 0..1.

        Returns:
            bool by image id.

        Raises:
            UnknownNameError: an image that the truth does not have.
        """
        ids = self._check(image_ids)
        there = there[there["image_id"].isin(ids)]
        covered = self._covered(self.truth.instances, there, iou)
        objects = self.truth.instances.assign(covered=covered).groupby("image_id")["covered"]
        all_there = ids.isin(objects.all()[lambda every: every].index) | ~ids.isin(list(self._rows))
        n = there.groupby("image_id").size().reindex(ids, fill_value=0)
        as_many = (n == objects.size().reindex(ids, fill_value=0)).to_numpy()
        self.n_decisions += len(ids)
        wrong = self._errs(b"complete %d" % i for i in ids)
        return pd.Series((all_there & as_many) ^ wrong, index=ids, dtype=bool)

    def shows(self, image_ids: Iterable[int], label: str) -> pd.Series:
        """Is there such a thing to be seen in each of these images? bool by image id.

        Raises:
            UnknownNameError: an image or a label that the truth does not have.
        """
        ids = self._check(image_ids)
        if label not in self.truth.labels:
            raise UnknownNameError(f"the truth has no label {label!r}; it has {first(self.truth.labels)}")
        instances = self.truth.instances
        there = ids.isin(instances.loc[instances["label"] == label, "image_id"])
        self.n_decisions += len(ids)
        wrong = self._errs(b"shows %s %d" % (label.encode(), i) for i in ids)
        return pd.Series(there ^ wrong, index=ids, dtype=bool)

    def draw(self, image_ids: Iterable[int], there: pd.DataFrame | None = None) -> pd.DataFrame:
        """Draw every instance of these images, save those overlooked (the error rate's share).

        Args:
            image_ids: which images.
            there: labels that are there already; what one of them covers by half under the same label is not
                drawn again. None: nothing is.

        Returns:
            Rows to add as labels: the schema's columns, source "human", origin "reviewer", numbered from 0.

        Raises:
            UnknownNameError: an image that the truth does not have.
        """
        ids = self._check(image_ids)
        rows = self.truth.instances[self.truth.instances["image_id"].isin(ids)]
        seen = ~self._errs(b"draw %d" % i for i in rows.index)
        if there is not None:
            seen &= ~self._covered(rows, there)
        drawn = rows.loc[seen, list(INSTANCES)].assign(origin="reviewer")
        drawn["source"] = pd.Categorical(["human"] * len(drawn), categories=rows["source"].cat.categories)
        self.n_decisions += len(drawn)
        self.n_drawn += len(drawn)
        return drawn.reset_index(drop=True)

    def _check(self, image_ids: Iterable[int]) -> pd.Index:
        ids = pd.Index(np.asarray(list(image_ids), np.int64), name="image_id")
        unknown = ids[~ids.isin(self.truth.images.index)].unique()
        if len(unknown):
            raise UnknownNameError(
                f"the truth has no images {first(unknown)}; it has {first(self.truth.images.index)}"
            )
        return ids

    def _covered(self, rows: pd.DataFrame, there: pd.DataFrame, iou: float = 0.5) -> NDArray[np.bool_]:
        """Which of these true rows an instance of the same label covers."""
        there = there[there["image_id"].isin(rows["image_id"])]
        pairs = rows.reset_index()[["image_id", "label", "mask"]].astype({"label": str}).reset_index()
        pairs = pairs.merge(
            there[["image_id", "label", "mask"]].astype({"label": str}), on=["image_id", "label"]
        )
        overlap = rle.iou_pairs(list(pairs["mask_x"]), list(pairs["mask_y"]))
        return np.isin(np.arange(len(rows)), pairs["index"].to_numpy()[np.asarray(overlap) >= iou])

    def _best_iou(
        self, image_id: Hashable, labels: NDArray[np.object_], masks: list[bytes]
    ) -> NDArray[np.float64]:
        true = self.truth.instances.iloc[self._rows.get(image_id, [])]
        if not len(true):
            return np.zeros(len(masks))
        height, width = self.truth.images.loc[[image_id], ["height", "width"]].to_numpy(int)[0]
        overlap = rle.iou(masks, true["mask"].to_list(), int(height), int(width))
        overlap[labels[:, None] != true["label"].astype(str).to_numpy()[None, :]] = 0
        return np.asarray(overlap.max(1), np.float64)

    def _errs(self, questions: Iterable[bytes]) -> NDArray[np.bool_]:
        """Which of these questions this reviewer gets wrong."""
        start = crc32(b"%d" % self.seed)
        draws = np.asarray([crc32(question, start) for question in questions], np.float64)
        return draws < self.error_rate * 2**32
