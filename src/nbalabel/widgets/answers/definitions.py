"""The definition of a label beside the picture: its text, and crops of what is right and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core.errors import NbalabelError, UnknownNameError
from ...core.tables.arrays import positions
from ...core.tables.names import instead_of
from ..pixels.pictures import thumbnail_bytes
from ..workspace.workspace_port import Reply, serves
from .answering import Answering

_MOST = 12  # crops of each kind
_SIZES = 32, 256  # of a crop, pixels


class Definitions(Answering):
    """A view that shows what labels mean, and takes examples."""

    @serves
    def definition(self, *, label: str, size: int = 96) -> Reply:
        """What a label means, with crops of its examples.

        Args:
            label: the label.
            size: longer side of a crop, pixels, 32..256.

        Returns:
            ``label``, ``path`` (its parents, the coarsest first, and itself), ``color``, ``key``, ``text``,
            ``right`` and ``wrong`` (id, row number and label of the last 12 examples each), ``more`` (number
            of examples beyond these), ``lost`` (number of examples that are not in the dataset); the crops as
            JPEG files, those of ``right`` first; an empty buffer where there is no picture.

        Raises:
            UnknownNameError: there is no such label.
        """
        ws = self.workspace
        self._check_label(label)
        ontology = ws.ds.ontology
        entry, labels = ontology.labels[label], ws.column("instances", "label")
        size = min(max(int(size), _SIZES[0]), _SIZES[1])
        right, wrong = (self._examples(ids) for ids in (entry.right, entry.wrong))
        shown = {"right": right[-_MOST:], "wrong": wrong[-_MOST:]}
        said = len(entry.right) + len(entry.wrong)
        head = {
            "rev": ws.rev,
            "label": label,
            "path": list(ontology.path(label)),
            "color": labels.colors[labels.categories.index(label)],
            "key": entry.key,
            "text": entry.text,
            "more": len(right) + len(wrong) - sum(map(len, shown.values())),
            "lost": said - len(right) - len(wrong),
        }
        crops = [self._crop_of(one["row"], size) for one in (*shown["right"], *shown["wrong"])]
        return {**head, **shown}, crops

    @serves
    def make_example(self, *, label: str, instance_id: int, right: bool) -> dict[str, Any]:
        """Make an instance an example of a label, as one Change; if it is one already, it is one no more.

        An instance is a right or a wrong example of a label, not both.

        Args:
            label: the label.
            instance_id: the instance.
            right: whether it is a good example, or looks like one and is something else.

        Returns:
            ``note``, and the tables' revision.

        Raises:
            UnknownNameError: there is no such label or instance.
        """
        self._check_editing()
        self._check_label(label)
        found = list(self._asked_instances([instance_id]))
        if not found or not self._there(found).all():
            raise UnknownNameError(
                "only an instance can be an example: accept or save it first; nothing was done"
            )
        kind, ds = "right" if right else "wrong", self.workspace.ds
        entry = ds.ontology.labels[label]
        kinds = {name: [i for i in getattr(entry, name) if i not in found] for name in ("right", "wrong")}
        was = found[0] in getattr(entry, kind)
        kinds[kind] += [] if was else found
        # What is gone from the dataset is no example: define would refuse it.
        kept = {name: np.array(ids, np.int64)[self._there(ids)] for name, ids in kinds.items()}
        ds.define(label, right=kept["right"], wrong=kept["wrong"], origin=getattr(self, "annotator", None))
        self.workspace.refresh()
        what = "no longer" if was else "now"
        note = f"instance {found[0]} is {what} a {kind} example of {label}"
        return {"note": note, "rev": self.workspace.rev}

    def _examples(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """Those of the examples that are there: id, row and label."""
        frame = self.workspace.frame("instances")
        rows = positions(frame.index, np.array(ids, np.int64))
        rows = rows[rows >= 0]
        labels, there = frame["label"].iloc[rows].tolist(), frame.index[rows].tolist()
        return [
            {"id": i, "row": row, "label": label}
            for i, row, label in zip(there, rows.tolist(), labels, strict=True)
        ]

    def _there(self, ids: Sequence[int]) -> npt.NDArray[np.bool_]:
        return positions(self.workspace.frame("instances").index, np.array(ids, np.int64)) >= 0

    def _check_label(self, label: str) -> None:
        labels = self.workspace.ds.labels
        if label not in labels:
            raise UnknownNameError(f"no label {label!r}; {instead_of(label, labels)}")

    def _crop_of(self, row: int, size: int) -> bytes:
        try:
            return thumbnail_bytes(self.workspace, "instances", row, size)
        except (NbalabelError, OSError, ValueError):
            return b""
