"""Predictions in parts: memory stays bounded, and an interrupted prediction continues from disk."""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ...core.errors import StorageError
from ...core.urls import local_path
from ..embed.pooling import Floats, concatenate

_MARK = "prediction.json"


@dataclass
class Part:
    """Predictions on a few images.

    Attributes:
        rows: one row per prediction: image_id, code (label index), mask, x, y, w, h, area, score.
        image_ids: ids of the images predicted on, ``(n,)``.
        image: embeddings of these images, ``(n, d)``.
        instance: embeddings of the rows, ``(len(rows), e)``.
        failed: images that could not be read, and why.
    """

    rows: pd.DataFrame
    image_ids: npt.NDArray[np.int64]
    image: Floats
    instance: Floats
    failed: dict[int, str] = field(default_factory=dict)


class Parts:
    """The parts of one prediction: in memory, and in ``folder / "parts"`` where a folder is given.

    Parts of another prediction (other weights, images or settings) found there are cleared away.

    Raises:
        StorageError: the folder holds other files.
    """

    def __init__(self, folder: str | Path | None, fingerprint: str) -> None:
        self.folder = None if folder is None else local_path(folder) / "parts"
        self._held: dict[int, Part] = {}
        if self.folder is None:
            return
        mark = self.folder / _MARK
        if not _says(mark, {"fingerprint": fingerprint}):
            if self.folder.exists() and not mark.exists() and any(self.folder.iterdir()):
                raise StorageError(
                    f"{self.folder} holds files that are no parts of a prediction, which would replace "
                    "them: give another folder"
                )
            self.clear()
            self.folder.mkdir(parents=True)
            mark.write_text(json.dumps({"fingerprint": fingerprint}))

    @classmethod
    def of(cls, folder: str | Path, fingerprint: str) -> Parts:
        """The parts of a prediction that has begun, for a worker that adds some.

        Raises:
            StorageError: another prediction has begun in this folder since, or none.
        """
        parts = cls(None, "")
        parts.folder = local_path(folder) / "parts"
        if not _says(parts.folder / _MARK, {"fingerprint": fingerprint}):
            raise StorageError(f"{parts.folder} does not hold the parts of this prediction any more")
        return parts

    def has(self, number: int) -> bool:
        """Whether this part is done."""
        return number in self._held or (self.folder is not None and self._file(number).is_file())

    def put(self, number: int, part: Part) -> None:
        """Store a part; on disk it counts once its table is complete."""
        if self.folder is None:
            self._held[number] = part
            return
        # Workers may write the same part at the same time, with the same content.
        unique = f"{number:06}.{uuid.uuid4().hex}.part"
        vectors = self.folder / f"{unique}.npz"
        np.savez(vectors, ids=part.image_ids, image=part.image, instance=part.instance)
        vectors.replace(self.folder / f"{number:06}.npz")
        failed = json.dumps(part.failed)
        table = pa.Table.from_pandas(part.rows, preserve_index=False).replace_schema_metadata(
            {"failed": failed}
        )
        partial = self.folder / unique
        with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        partial.replace(self._file(number))

    def get(self, number: int) -> Part:
        """A part that is done."""
        if self.folder is None:
            return self._held[number]
        with pa.memory_map(str(self._file(number))) as source:
            table = pa.ipc.open_file(source).read_all()
        failed = json.loads(table.schema.metadata[b"failed"])
        with np.load(self.folder / f"{number:06}.npz", allow_pickle=False) as arrays:
            vectors = arrays["ids"], arrays["image"], arrays["instance"]
        rows = table.replace_schema_metadata(None).to_pandas(types_mapper={pa.large_binary(): _MASK}.get)
        return Part(rows, *vectors, {int(k): v for k, v in failed.items()})

    def clear(self) -> None:
        """Remove all parts on disk."""
        if self.folder is not None and self.folder.exists():
            shutil.rmtree(self.folder)

    def _file(self, number: int) -> Path:
        if self.folder is None:
            raise AssertionError("parts in memory have no files")
        return self.folder / f"{number:06}.arrow"


def _says(mark: Path, content: dict[str, str]) -> bool:
    try:
        return json.loads(mark.read_text()) == content
    except (OSError, ValueError):
        return False


_MASK = pd.ArrowDtype(pa.large_binary())


def gather(parts: list[Part]) -> Part:
    """All parts as one."""
    return Part(
        pd.concat([part.rows for part in parts], ignore_index=True),
        np.concatenate([part.image_ids for part in parts]),
        concatenate([part.image for part in parts]),
        concatenate([part.instance for part in parts]),
        {image_id: reason for part in parts for image_id, reason in part.failed.items()},
    )
