"""Tables: labeled images in memory, the result of readers and the input of writers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pandas as pd

from ...core.change.table_change import select_rows, take_rows
from ...core.errors import DataError, ImageError, ReadOnlyError, UnknownNameError, first
from ...core.geometry.masks.runs import MAX_PIXELS
from ...core.ontology.ontology import EMPTY, Ontology
from ...core.tables import schema
from ...core.tables.bare import complete_without_masks, said_of
from ...core.tables.image_files import has_pixels
from ...core.tables.of_images import sizes_of
from ...core.tables.state import State
from ...core.urls import is_url
from ..edits.rows_meant import images_of
from ..images.remote.folder import RemoteFolder, Root, at_urls

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..dataset.dataset import Dataset


@dataclass(frozen=True, repr=False)
class Tables:
    """Images, instances and labels as one immutable object in memory, not yet a dataset on disk.

    Create one with :meth:`Tables.of`, which validates; the constructor does not.

    Attributes:
        images: one row per image, indexed by ``image_id``; columns in ``core.tables.schema.IMAGES``.
        instances: one row per mask, indexed by ``instance_id``; columns in
            ``core.tables.schema.INSTANCES``. Masks are ``instances["mask"]``: ``instances.mask`` is a
            method of pandas.
        labels: label names, in order.
        image_root: folder that ``images.file`` is relative to; None when there are no image files.
        info: other contents of the file that was read (COCO's info, licenses and categories).
        turned_down: rejected predictions on these images; None if there are none. See :attr:`rejected`.
        parts: regions of these images; None if there are none. See :attr:`regions`.
        ontology: what the labels mean, and the attributes of images and instances.
        attached: attachments of these images; None if there are none. See :attr:`attachments`.
        attachment_root: folder of the copies of attached files; None where there is none.

    Example:
        >>> images = pd.DataFrame({"file": ["a.png"], "width": [4], "height": [3]})
        >>> tables = Tables.of(images, schema.empty("instances", ["fish"]), ["fish"])
        >>> tables
        Tables(1 image, 0 instances, 1 label)
    """

    images: pd.DataFrame
    instances: pd.DataFrame
    labels: tuple[str, ...]
    image_root: Path | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    turned_down: pd.DataFrame | None = None
    parts: pd.DataFrame | None = None
    ontology: Ontology = EMPTY
    attached: pd.DataFrame | None = None
    attachment_root: Path | None = None

    @classmethod
    def of(
        cls,
        images: pd.DataFrame,
        instances: pd.DataFrame,
        labels: Sequence[str],
        image_root: str | Root | None = None,
        masks: bool = True,
        info: Mapping[str, Any] | None = None,
        regions: pd.DataFrame | None = None,
        ontology: Ontology = EMPTY,
    ) -> Tables:
        """Create Tables from two frames: conform them to the schema and validate every row.

        Args:
            images: at least ``file``, ``width`` and ``height``, indexed by image id.
            instances: at least ``image_id``, ``label`` and ``mask``, indexed by instance id; boxes and areas
                are computed from the masks where those columns are absent.
            labels: label names, in order.
            image_root: folder that ``images.file`` is relative to; None when there are no image files. With a
                URL, the files become URLs below it.
            masks: also parse every mask and compare its size with its image; False if that was just done.
            info: other contents for a writer, such as COCO's licenses.
            regions: where it is not known what is there, or where everything is labeled; at least
                ``image_id``, ``mask`` and ``kind``. None: no regions.
            ontology: definitions of labels, and attributes; their columns are cast and checked.

        Raises:
            DataError: a row breaks the schema; the message names the rows.
            MaskError: a mask is malformed or of another size than its image.
        """
        labels = tuple(labels)
        root = None if image_root is None else Path(str(image_root))
        if image_root is not None and is_url(str(image_root)):
            images, root = at_urls(images, RemoteFolder.of(str(image_root))), None
        images = schema.conform(images, "images", attributes=ontology.images)
        schema.validate({"images": images}, labels)
        _check_sizes(images)
        heights = _heights(images, instances)
        instances = schema.conform(instances, "instances", labels, heights, ontology.instances)
        schema.validate({"images": images, "instances": instances}, labels, masks=masks)
        parts = None if regions is None else schema.conform(regions, "regions", labels)
        if parts is not None:
            schema.validate({"images": images, "regions": parts}, labels)
        schema.check_ontology(ontology)
        schema.check_all_answers({"images": images, "instances": instances}, ontology)
        return cls(images, instances, labels, root, dict(info or {}), parts=parts, ontology=ontology)

    @classmethod
    def from_state(
        cls,
        state: State,
        image_root: Path | None,
        info: Mapping[str, Any],
        attachment_root: Path | None = None,
    ) -> Tables:
        """Tables of a checked state."""
        t = state.tables
        rest = t["rejected"], t["regions"], state.ontology, t["attachments"], attachment_root
        return cls(t["images"], t["instances"], state.labels, image_root, info, *rest)

    @property
    def rejected(self) -> pd.DataFrame:
        """Rejected predictions on these images; empty in the result of a reader."""
        return schema.empty("rejected", self.labels) if self.turned_down is None else self.turned_down

    @property
    def regions(self) -> pd.DataFrame:
        """Where it is not known what is there (kind ignore), or where everything is labeled (kind done)."""
        return schema.empty("regions", self.labels) if self.parts is None else self.parts

    @property
    def attachments(self) -> pd.DataFrame:
        """Files shown beside these images; see :attr:`Dataset.attachments`."""
        return schema.empty("attachments", self.labels) if self.attached is None else self.attached

    @property
    def guidelines(self) -> str:
        """The text for everybody who labels these images; "" for none."""
        return self.ontology.guidelines

    def save(
        self,
        folder: str | Path,
        message: str = "import",
        *,
        copy_images: bool = False,
        overwrite: bool = False,
    ) -> Dataset:
        """Make a dataset folder of these tables, with one version.

        Args:
            folder: folder of the dataset; must not hold a dataset yet.
            message: message of the first version.
            copy_images: copy the image files into the folder instead of referring to their place.
            overwrite: replace an existing dataset, with its versions, uncommitted work and Runs, permanently;
                it stays intact until the new one is complete. Other files in the folder, such as image files,
                stay. A folder that is not a dataset is never replaced.

        Raises:
            StorageError: the folder cannot be used.
        """
        from ..dataset.dataset import create_from

        return create_from(self, folder, message=message, copy_images=copy_images, overwrite=overwrite)

    def subset(self, rows: Any) -> Tables:
        """Tables of some images with their instances; ``.save(folder)`` makes a dataset of them.

        Args:
            rows: ids of images; or rows of images, of instances or of predictions, which select their images.

        Raises:
            UnknownNameError: some images do not exist.
        """
        from ..folder.import_tables import checked_state

        return subset_of(checked_state(self), rows, self.image_root, self.info, self.attachment_root)

    def at_level(self, level: int) -> Tables:
        """These tables with the labels of a level of their hierarchy, for a model, a writer or an evaluation.

        Each label becomes its parent at that level; see ``Definition.parent``. A label that is coarser than
        the level and has none below it stays. An instance whose label is coarser and has others below is one
        of these, unsure which: it becomes a region of kind "ignore" for each of them, which is neither
        trained on nor measured. A region of kind "done" for one of several labels that become one is left
        out. Attributes become plain columns.

        Args:
            level: how many parents a label has there; 0 for the coarsest.

        Raises:
            DataError: the level is no whole number >= 0.
        """
        from ..folder.import_tables import checked_state
        from .at_level import state_at_level

        state = state_at_level(checked_state(self), level)
        return Tables.from_state(state, self.image_root, self.info, self.attachment_root)

    def read_image(self, image_id: int) -> np.ndarray:
        """Pixels of one image, ``(height, width, 3)`` uint8 RGB.

        Raises:
            UnknownNameError: no image has that id.
            ImageError: there is no image root, or the file is missing or broken.
        """
        return read_picture(self.images, self.image_root, image_id)

    def fetch_ahead(self, image_ids: Iterable[int]) -> None:
        """Begin to fetch the pictures of these images, where they lie elsewhere: they will be read soon."""
        fetch_ahead(self.images, image_ids)

    def show(self, image_id: int) -> Image:
        """One image with its masks drawn over it, in their labels' colors; gray if there are no image files.

        Dark pictures are shown with auto contrast, as in the views (:class:`nbalabel.Display`).

        Raises:
            UnknownNameError: no image has that id.
            ImageError: the image file is missing or broken.
        """
        from ...core.ontology.colors import label_colors
        from ...core.show.display import Display
        from ...core.show.masks_on_image import overlay

        row = self._image(image_id)
        if not has_pixels(self.images.loc[[image_id]], self.image_root):
            pixels = np.full((int(row["height"]), int(row["width"]), 3), 96, np.uint8)
        else:
            pixels = Display().of(self.read_image(image_id))
        rows = self.instances[self.instances["image_id"] == image_id]
        colors = label_colors(self.ontology, self.labels)[rows["label"].cat.codes.to_numpy()]
        return overlay(
            pixels, rows["mask"].to_list(), colors=colors, captions=rows["label"].astype(str).to_list()
        )

    def _image(self, image_id: int) -> pd.Series:
        return pd.Series(self.images.iloc[_place(self.images, image_id)])

    def __repr__(self) -> str:
        counts = {"image": len(self.images), "instance": len(self.instances), "label": len(self.labels)}
        return f"Tables({', '.join(f'{n:,} {name}' + 's' * (n != 1) for name, n in counts.items())})"

    def _repr_html_(self) -> str:
        from ...core.show.card import card

        return card(repr(self), self._facts())

    def _said_root(self) -> str:
        if self.image_root is not None:
            return str(self.image_root)
        return "none: URLs" if has_pixels(self.images, None) else "none: labels without pixels"

    def _facts(self) -> list[tuple[str, str]]:
        states = self.images["state"].value_counts()
        per_label = self.instances["label"].value_counts()
        return [
            ("images", f"{len(self.images):,}"),
            ("states", ", ".join(f"{n:,} {state}" for state, n in states.items() if n) or "none"),
            ("instances", f'{len(self.instances):,}, their masks in tables.instances["mask"]'),
            ("labels", first([f"{label} ({n:,})" for label, n in per_label.items()], 8) or "none"),
            ("image root", self._said_root()),
            *warned(self),
        ]


def _refuse(_: Tables, name: str, __: Any) -> NoReturn:
    raise ReadOnlyError(
        f"{name} of Tables cannot be changed: ds = tables.save(FOLDER), then edit ds.instances; "
        "or nl.Tables.of(images, instances, labels, image_root) makes others of frames"
    )


# The error of a frozen dataclass would not say what to do.
Tables.__setattr__ = _refuse  # type: ignore[assignment, method-assign]


def read_picture(images: pd.DataFrame, image_root: Path | None, image_id: int) -> np.ndarray:
    """Pixels of one image of a table; see :meth:`Tables.read_image`."""
    from ..images.files import locate, read_image

    at = _place(images, image_id)
    file = images["file"].array[at]
    if image_root is None and not is_url(str(file)):
        raise ImageError(
            f"image {image_id} ({file}) has no pixels: these tables have no image folder. "
            "Read them again with images=FOLDER"
        )
    return read_image(locate(image_root, file))


def fetch_ahead(images: pd.DataFrame, image_ids: Iterable[int]) -> None:
    """Begin to fetch the images of these rows that lie elsewhere; those without a row are left out."""
    from ..images.remote.reading import ahead

    if images.index.is_unique:
        files = images["file"].reindex(list(image_ids)).dropna()
        ahead([file for file in files if is_url(file)])


def is_readable(images: pd.DataFrame) -> bool:
    """Whether a table that somebody may be editing has a file name for each id."""
    files = images.get("file")
    return (
        isinstance(files, pd.Series) and pd.api.types.is_string_dtype(files.dtype) and images.index.is_unique
    )


def _place(images: pd.DataFrame, image_id: int) -> int:
    """Position of an image.

    Raises:
        UnknownNameError: there is none of that id.
    """
    try:
        return int(images.index.get_loc(image_id))  # type: ignore[arg-type]  # ids are unique: one position
    except KeyError as error:
        known = f"no image has the id {image_id}; there are {first(images.index)}"
        raise UnknownNameError(known) from error


def warned(tables: schema.LabeledImages) -> list[tuple[str, str]]:
    """The warning of a card about complete images without masks."""
    text = said_of(complete_without_masks(tables.images, tables.instances))
    return [("look here", text)] if text else []


def _check_sizes(images: pd.DataFrame) -> None:
    pixels = images["width"].to_numpy(np.int64) * images["height"].to_numpy(np.int64)
    too_large = pixels >= MAX_PIXELS
    if too_large.any():
        raise DataError(
            f"images: width x height must be < {MAX_PIXELS:,}; too large: {first(images.index[too_large])} "
            f"(got {first(map(int, pixels[too_large]))} pixels)"
        )


def _heights(images: pd.DataFrame, instances: pd.DataFrame) -> np.ndarray | None:
    """Height of each instance's image, for boxes from masks."""
    if "image_id" not in instances:
        return None  # conform() raises the error
    return sizes_of(images, instances["image_id"], instances.index, "instances")[:, 0]


def subset_of(
    state: State,
    rows: Any,
    image_root: Path | None,
    info: Mapping[str, Any],
    attachment_root: Path | None = None,
) -> Tables:
    """Tables of the images that ``rows`` selects, with what is on them; see :meth:`Dataset.subset`."""
    ids = images_of(state, rows)
    on = {
        name: take_rows(frame, frame["image_id"].isin(ids).to_numpy())
        for name, frame in state.tables.items()
        if name != "images"
    }
    images = select_rows(state.tables["images"], ids)
    found = State({"images": images, **on}, state.labels, state.ontology)
    return Tables.from_state(found, image_root, dict(info), attachment_root)
