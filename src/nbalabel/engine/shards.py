"""What a step made, one shard per part: in memory, or in a folder from which it continues."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ..core.errors import StorageError
from ..core.urls import local_path

_BINARY = pd.ArrowDtype(pa.large_binary())


@dataclass(frozen=True, eq=False)
class Shard:
    """What a step made of one part.

    Attributes:
        rows: a table without a meaningful index: numbers, and masks as bytes.
        arrays: arrays by name, of any length.
        failed: what could not be done, by the id of its image, and why.
    """

    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    failed: Mapping[int, str] = field(default_factory=dict)


class Shards:
    """The shards of one piece of work: in memory, or in a folder, next to a mark that says of what they are.

    Shards of other work of this kind (other weights, images or settings) found there are cleared away.

    Args:
        folder: the folder; None keeps all in memory.
        fingerprint: tells this work from other work of the kind.
        of: the kind, a noun: "prediction".

    Raises:
        StorageError: the folder holds other files.
    """

    def __init__(self, folder: str | Path | None, fingerprint: str, of: str = "prediction") -> None:
        self.folder = None if folder is None else local_path(folder)
        self.fingerprint, self.of = fingerprint, of
        self._held: dict[int, Shard] = {}
        if self.folder is None:
            return
        mark = _mark(self.folder, of)
        if not _says(mark, fingerprint):
            if self.folder.exists() and not mark.exists() and any(self.folder.iterdir()):
                raise StorageError(
                    f"{self.folder} holds files that are no parts of a {of}, which would replace them: give "
                    "another folder"
                )
            self.clear()
            self.folder.mkdir(parents=True)
            mark.write_text(json.dumps({"fingerprint": fingerprint}))

    @classmethod
    def begun(cls, folder: str | Path, fingerprint: str, of: str = "prediction") -> Shards:
        """The shards of work that has begun, for a worker that adds some.

        Raises:
            StorageError: other work of this kind has begun in this folder since, or none.
        """
        shards = cls(None, fingerprint, of)
        shards.folder = local_path(folder)
        if not _says(_mark(shards.folder, of), fingerprint):
            raise StorageError(f"{shards.folder} does not hold the parts of this {of} any more")
        return shards

    def has(self, number: int) -> bool:
        """Whether this part is done."""
        return number in self._held or (self.folder is not None and self._file(number).is_file())

    def put(self, number: int, shard: Shard) -> None:
        """Store a shard; in a folder it counts once its table is complete."""
        if self.folder is None:
            self._held[number] = shard
            return
        # Workers may write the same shard at the same time, with the same content.
        unique = f"{number:06}.{uuid.uuid4().hex}.part"
        arrays = self.folder / f"{unique}.npz"
        named: dict[str, Any] = dict(shard.arrays)
        np.savez(arrays, **named)
        arrays.replace(self.folder / f"{number:06}.npz")
        failed = json.dumps(dict(shard.failed))
        table = pa.Table.from_pandas(shard.rows, preserve_index=False).replace_schema_metadata(
            {"failed": failed}
        )
        partial = self.folder / unique
        with pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        partial.replace(self._file(number))

    def get(self, number: int) -> Shard:
        """A shard that is done."""
        if self.folder is None:
            return self._held[number]
        with pa.memory_map(str(self._file(number))) as source:
            table = pa.ipc.open_file(source).read_all()
        failed = json.loads(table.schema.metadata[b"failed"])
        with np.load(self.folder / f"{number:06}.npz", allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        rows = table.replace_schema_metadata(None).to_pandas(types_mapper={pa.large_binary(): _BINARY}.get)
        return Shard(rows, arrays, {int(k): v for k, v in failed.items()})

    def clear(self) -> None:
        """Remove all shards in the folder, and the folder."""
        if self.folder is not None and self.folder.exists():
            shutil.rmtree(self.folder)

    def _file(self, number: int) -> Path:
        if self.folder is None:
            raise AssertionError("shards in memory have no files")
        return self.folder / f"{number:06}.arrow"


@dataclass(frozen=True, eq=False)
class Kept(Sequence[Shard]):
    """Some shards of a piece of work, read when they are looked at and not held.

    Attributes:
        of: the work.
        numbers: of these shards, in order.
    """

    of: Shards
    numbers: list[int]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, at: int) -> Shard: ...
    @overload
    def __getitem__(self, at: slice) -> Kept: ...
    def __getitem__(self, at: int | slice) -> Shard | Kept:
        if isinstance(at, slice):
            return Kept(self.of, self.numbers[at])
        return self.of.get(self.numbers[at])


def _mark(folder: Path, of: str) -> Path:
    return folder / f"{of}.json"


def _says(mark: Path, fingerprint: str) -> bool:
    try:
        return bool(json.loads(mark.read_text()) == {"fingerprint": fingerprint})
    except (OSError, ValueError):
        return False
