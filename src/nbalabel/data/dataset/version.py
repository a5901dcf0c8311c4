"""One version: read-only tables and their metadata."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pandas as pd

from ...core.errors import ReadOnlyError
from ...core.ontology.ontology import Ontology
from ...core.tables.state import State
from ..attachments.places import FOLDER
from ..store.info import read_info
from ..store.storage import Store
from ..store.version_file import Manifest
from ..tables.tables import Tables, subset_of

if TYPE_CHECKING:
    from PIL.Image import Image


class Version:
    """An immutable commit: tables, message, parent, author, time.

    Its frames are copy-on-write, so editing them affects nothing else. Models and writers accept a Version
    like a Dataset.
    """

    _store: Store
    _manifest: Manifest
    _image_root: Path | None
    _note: str

    def __init__(self, store: Store, manifest: Manifest, image_root: Path | None, note: str = "") -> None:
        vars(self).update(_store=store, _manifest=manifest, _image_root=image_root, _note=note)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise ReadOnlyError(
            f"{name} of version {self.id} cannot be changed: ds.checkout({self.id!r}), then edit ds"
        )

    @property
    def id(self) -> str:
        """Id of the version, a number counted from the first version and a checksum."""
        return self._manifest.id

    @property
    def version_id(self) -> str:
        """The same as :attr:`id`; a Run records it under this name."""
        return self._manifest.id

    @property
    def parent(self) -> str | None:
        """Id of the parent version; None for the first."""
        return self._manifest.parent

    @property
    def message(self) -> str:
        """The message of the author."""
        return self._manifest.message

    @property
    def author(self) -> str:
        """Who committed it."""
        return self._manifest.author

    @property
    def time(self) -> pd.Timestamp:
        """Time of the commit, UTC."""
        return pd.Timestamp(self._manifest.time)

    @property
    def note(self) -> str:
        """Remark on the commit, such as a merge with somebody's work, or that nothing had changed."""
        return self._note

    @property
    def folder(self) -> Path:
        """The dataset's folder."""
        return self._store.folder

    @property
    def runs_folder(self) -> Path:
        """Where Runs of the dataset are kept."""
        return self._store.folder / "runs"

    @property
    def images(self) -> pd.DataFrame:
        """One row per image; columns as in ``core.tables.schema.IMAGES``."""
        return self._frame("images")

    @property
    def instances(self) -> pd.DataFrame:
        """One row per mask; columns in ``core.tables.schema.INSTANCES``. Masks are ``instances["mask"]``."""
        return self._frame("instances")

    @property
    def rejected(self) -> pd.DataFrame:
        """Predictions that were rejected."""
        return self._frame("rejected")

    @property
    def regions(self) -> pd.DataFrame:
        """Where nobody knows what is there, or where everything is labeled; see :attr:`Dataset.regions`."""
        return self._frame("regions")

    @property
    def attachments(self) -> pd.DataFrame:
        """Files shown beside images; see :attr:`Dataset.attachments`."""
        return self._frame("attachments")

    @property
    def attachment_root(self) -> Path:
        """Folder of the copies of attached files."""
        return self.folder / FOLDER

    @property
    def guidelines(self) -> str:
        """The text for everybody who labels; "" for none."""
        return self._state().ontology.guidelines

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names, in order."""
        return tuple(self._manifest.labels)

    @property
    def ontology(self) -> Ontology:
        """What the labels mean, and which questions are asked of images and of instances."""
        return self._state().ontology.of_labels(self.labels)

    @property
    def image_root(self) -> Path | None:
        """Folder that ``images.file`` is relative to; None when there are no image files."""
        return self._image_root

    @property
    def info(self) -> dict[str, Any]:
        """Other contents of the file that the dataset was imported from; the same for all versions."""
        return read_info(self.folder)

    def read_image(self, image_id: int) -> np.ndarray:
        """Pixels of one image, ``(height, width, 3)`` uint8 RGB; see :meth:`Tables.read_image`."""
        return self._tables().read_image(image_id)

    def fetch_ahead(self, image_ids: Iterable[int]) -> None:
        """Begin to fetch pictures that will be read soon; see :meth:`Tables.fetch_ahead`."""
        self._tables().fetch_ahead(image_ids)

    def show(self, image_id: int) -> Image:
        """One image with its masks drawn over it; see :meth:`Tables.show`."""
        return self._tables().show(image_id)

    def subset(self, rows: Any) -> Tables:
        """Tables of some images with their instances in this version; see :meth:`Dataset.subset`."""
        return subset_of(self._state(), rows, self.image_root, self.info, self.attachment_root)

    def __repr__(self) -> str:
        rows = self._manifest.rows
        text = f"<Version {self.id} {self.message!r} by {self.author}: "
        text += f"{rows['images']:,} images, {rows['instances']:,} instances"
        return f"{text}; {self.note}>" if self.note else f"{text}>"

    def _repr_html_(self) -> str:
        from ...core.show.card import card

        rows, m = self._manifest.rows, self._manifest
        facts = [
            ("by", f"{m.author}, {self.time:%Y-%m-%d %H:%M} UTC"),
            ("on top of", m.parent or "nothing: the first version"),
            ("images", f"{rows['images']:,}"),
            ("instances", f"{rows['instances']:,}"),
            ("changed", _words(m.changed)),
        ]
        return card(f"{self.id}: {self.message}", facts + ([("note", self.note)] if self.note else []))

    def _state(self) -> State:
        return self._store.state(self.id)

    def _frame(self, table: str) -> pd.DataFrame:
        return self._state().tables[table].copy(deep=False)

    def _tables(self) -> Tables:
        return Tables.from_state(self._state(), self._image_root, {}, self.attachment_root)


def _words(changed: dict[str, dict[str, int]]) -> str:
    tables = (
        (name, ", ".join(f"{n:,} {what}" for what, n in counts.items() if n))
        for name, counts in changed.items()
    )
    return "; ".join(f"{name}: {text}" for name, text in tables if text) or "nothing"
