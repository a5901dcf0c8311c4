"""``take_back``: a package that came back, compared with what was handed out."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from ...core.certificate import fingerprints
from ...core.change.change import apply
from ...core.errors import DataError, FormatError, UnknownNameError, first
from ...core.id_sets import minus
from ...core.ontology.attribute import Attribute
from ...core.tables.state import State
from ...core.urls import local_path
from ..dataset.dataset import Dataset
from ..folder.import_tables import checked_state
from ..formats.records.documents import content
from ..formats.records.files import IMAGE_SUFFIXES
from ..formats.records.questions import OPTIONS
from ..ontology.asking import unanswered
from ..tables.tables import Tables, subset_of
from .answers import Answers, answers_of, changed_options, listed, unknown_columns
from .archive import unpack
from .comparison import claims, compare
from .delivery import Delivery
from .hand_out import sha256
from .handed import HandOut
from .honeypots import answered
from .kinds import MANIFEST, kind_of
from .names import images_named
from .proposal import alive, propose
from .record import Order, read_orders, read_sent
from .report import DeliveryReport


def take_back(
    ds: Dataset,
    path: str | Path,
    *,
    of: HandOut | str | None = None,
    to: str | None = None,
    complete: bool = False,
) -> Delivery:
    """Compare a package that came back with what was handed out, and propose what to change.

    Images are matched by their names, masks by the assignment with the highest sum of IoU. An id that came
    back with a mask counts as much as an IoU of 0.5, if it is the only one with that id and overlaps what was
    handed out under it; it is never trusted alone. Nothing changes before ``ds.apply(back)``.

    Args:
        ds: the dataset that it was handed out from.
        path: the zip file that came back, its folder, or the file with the labels alone.
        of: which package it is: a HandOut or its id; None: that of its manifest, or else the one with the
            most images in common, of several the newest.
        to: its format, if it came back in another one than it went out in.
        complete: say of the images that came, once this is applied, that they are labeled all over (state
            complete, or empty). By default images that get their first instances become partial.

    Returns:
        The report, the change, and the tables as they will be.

    Raises:
        UnknownNameError: nothing was handed out that this could be.
        FormatError: the package cannot be read.
        UnsafePathError: a name in it leaves its folder.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> folder = Path(tempfile.mkdtemp())
        >>> ds = nl.demo.reef(folder / "reef.nbal", n_images=12, n_labeled=8, n_test=2, size=96)
        >>> out = nl.hand_out(ds, ds.instances.head(4), folder / "batch.zip", to="coco")
        >>> back = nl.take_back(ds, folder / "batch.zip")
        >>> back.change.summary()
        'nothing'
        >>> ds.close()
    """
    source = local_path(path)
    with tempfile.TemporaryDirectory(prefix="nbalabel-") as made:
        folder = source if source.is_dir() else Path(made)
        if source.suffix.lower() == ".zip":
            unpack(source, folder)
        elif not source.is_dir():
            (folder / source.name).write_bytes(content(source))
        orders = read_orders(ds.folder)
        found = _Package(folder, ds, _order_of(orders, of.id if isinstance(of, HandOut) else of, folder), to)
        if found.order is None:
            found.order = _likeliest(orders, found, ds.folder)
        return found.delivery(complete=complete)


@dataclass(frozen=True)
class _Asked:
    """The part of a report about answers; see ``DeliveryReport``."""

    answers: pd.DataFrame
    n_unanswered: int
    n_unanswered_images: int
    options: pd.DataFrame
    unknown_columns: dict[tuple[str, str], int]


class _Package:
    """A package that came back, and what it is compared with."""

    def __init__(self, folder: Path, ds: Dataset, order: Order | None, to: str | None) -> None:
        self.folder, self.ds, self.order, self.to = folder, ds, order, to
        self._read: Tables | None = None

    @property
    def back(self) -> Tables:
        """What came back; of an unknown package in the first format, of those handed out, that it has."""
        if self._read is None:
            known = self.to or (self.order.to if self.order else None)
            newest = [order.to for order in reversed(read_orders(self.ds.folder))]
            self._read = _read_as([known] if known else list(dict.fromkeys(newest)), self.folder)
        return self._read

    def delivery(self, *, complete: bool) -> Delivery:
        assert self.order is not None
        order, state = self.order, checked_state(self.ds)
        sent = read_sent(self.ds.folder, order)
        images, usable = self._images(sent, order, state)
        rows = self.back.instances.assign(
            image_id=[usable.get(i, -1) for i in self.back.instances["image_id"].tolist()]
        )
        rows = rows[(rows["image_id"] >= 0).to_numpy()].reset_index(drop=True)
        potted = rows["image_id"].isin(order.honeypots).to_numpy()
        came = minus(np.array(sorted(usable.values()), np.int64), order.honeypots).astype(np.int64)
        back = rows[~potted].reset_index(drop=True)
        held = sent.instances[sent.instances["image_id"].isin(came).to_numpy()]
        compared = _edited(compare(held, back, state.labels), state, order)
        made = f"delivery-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        good = compared[(compared["problem"] == "").to_numpy()]
        said = self._said(sent, state, good, back, usable, came)
        change = propose(state, good, back, made, came if complete else came[:0], said)
        pots = self._honeypots(rows[potted], order, state, set(usable.values()))
        after = apply(state, change)
        tables = subset_of(after, came, self.ds.image_root, {})
        asked = self._answers(said, sent, state, tables, {"images": self.back.images, "instances": back})
        report = _report(images, compared, held, back, sent, pots, asked)
        return Delivery(made, order.id, report, change, tables)

    def _images(self, sent: Tables, order: Order, state: State) -> tuple[pd.DataFrame, dict[int, int]]:
        """The table of images; and package id -> dataset id of those whose masks can be compared."""
        files = self.back.images["file"].tolist()
        known = dict(zip(sent.images["file"], sent.images.index.tolist(), strict=True))
        meant = images_named(files, known)
        rows, usable = [], {}
        hashes = _pictures(self.folder, known, kind_of(order.to).pictures)
        n_back = self.back.instances["image_id"].value_counts()
        sizes = self.back.images[["width", "height"]].to_numpy().tolist()
        found = zip(self.back.images.index.tolist(), files, meant, sizes, strict=True)
        by_image = {image: (at, size) for at, _, image, size in found if image >= 0}
        n_sent = sent.instances["image_id"].value_counts()
        for image, file in zip(sent.images.index.tolist(), sent.images["file"], strict=True):
            what, why = "missing", "not in the package"
            at, size = by_image.get(image, (-1, []))
            if at >= 0:
                there = sent.images.loc[image, ["width", "height"]].tolist()
                what, why = _judged(size, there, hashes.get(image), order.hashes.get(image))
            if what != "missing" and image not in state.tables["images"].index:
                what, why = "unknown", "the dataset does not have it any more"
            if what == "came":
                usable[at] = image
            counts = int(n_sent.get(image, 0)), int(n_back.get(at, 0))
            rows.append((image, file, what, why, *counts))
        for at, file, image in zip(self.back.images.index.tolist(), files, meant, strict=True):
            if image < 0:
                rows.append((pd.NA, file, "unknown", "was not handed out", 0, int(n_back.get(at, 0))))
        table = pd.DataFrame(rows, columns=["image_id", "file", "what", "why", "n_sent", "n_back"])
        return table.astype({"image_id": "Int64"}), usable

    def _said(
        self,
        sent: Tables,
        state: State,
        good: pd.DataFrame,
        back: pd.DataFrame,
        usable: Mapping[int, int],
        came: np.ndarray,
    ) -> dict[str, Answers]:
        """What the images and the instances say."""
        images, there = self.back.images, state.tables["instances"]
        kept, added, _ = alive(there, good)
        at_image = {image: at for at, image in usable.items()}
        at = images.index.get_indexer(pd.Index([at_image[image] for image in came.tolist()], dtype=np.int64))
        none = np.zeros(0, np.int64)
        frames = state.tables["images"], sent.images, images
        ids = kept["instance_id"].to_numpy(np.int64), kept["position"].to_numpy(np.int64)
        new = added["position"].to_numpy(np.int64)
        return {
            "images": answers_of("images", *frames, came, at, none, state.ontology),
            "instances": answers_of("instances", there, sent.instances, back, *ids, new, state.ontology),
        }

    def _answers(
        self,
        said: Mapping[str, Answers],
        sent: Tables,
        state: State,
        after: Tables,
        back: Mapping[str, pd.DataFrame],
    ) -> _Asked:
        """The part of the report about answers."""
        rows = [row for one in said.values() for row in one.rows]
        n = {}
        for of in said:
            open_ = unanswered(state.ontology, after.images, after.instances, of, None)
            n[of] = len(open_)
            images = open_.index if of == "images" else open_["image_id"]
            for row, image, names in zip(open_.index, images, open_["unanswered"], strict=True):
                one = None if of == "images" else int(row)
                rows += [
                    (of, int(image), one, name, "unanswered", None, None, "") for name in names.split(", ")
                ]
        options = changed_options(
            state.ontology,
            {of: _options(sent.ontology.attributes(of)) for of in said},
            self.back.info.get(OPTIONS) or {of: _options(self.back.ontology.attributes(of)) for of in said},
            {of: one.strange for of, one in said.items()},
        )
        unknown = unknown_columns(state.tables, back)
        return _Asked(listed(rows), n["instances"], n["images"], options, unknown)

    def _honeypots(self, back: pd.DataFrame, order: Order, state: State, came: set[int]) -> pd.DataFrame:
        there = state.tables["instances"]
        pots = [image for image in order.honeypots if image in came]
        return answered(back, there[there["image_id"].isin(pots).to_numpy()], order.asked)


def _read_as(kinds: list[str], folder: Path) -> Tables:
    """What came back, read as the first of these kinds that it can be."""
    for kind in kinds[:-1]:
        try:
            return kind_of(kind).read(folder)
        except FormatError:
            continue
    return kind_of(kinds[-1]).read(folder)


def _judged(size: list[int], there: list[int], got: str | None, wanted: str | None) -> tuple[str, str]:
    if size != there:
        return "altered", f"{size[0]} x {size[1]} pixels instead of {there[0]} x {there[1]}"
    if got is not None and got != wanted:
        return "altered", "the picture is another one"
    return "came", ""


def _pictures(folder: Path, known: Mapping[str, int], below: str) -> dict[int, str]:
    """SHA-256 of the pictures that came back with the labels, by image."""
    paths = [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file()]
    names = [path.relative_to(folder).as_posix() for path in paths]
    exact = [name.partition(f"{below}/")[2] if name not in known else name for name in names]
    return {known[name]: sha256(path) for name, path in zip(exact, paths, strict=True) if name in known}


def _edited(rows: pd.DataFrame, state: State, order: Order) -> pd.DataFrame:
    """Mark rows that the dataset no longer holds as it handed them out."""
    there = state.tables["instances"]
    ids = rows["instance_id"].dropna().astype(np.int64)
    now = there[there.index.isin(ids)]
    found, prints = fingerprints(now)
    same = {i for i, p in zip(found.tolist(), prints.tolist(), strict=True) if order.prints.get(i) == p}
    changed = [not pd.isna(i) and int(i) not in same for i in rows["instance_id"]]
    marked = (
        np.array(changed, bool)
        & (rows["what"] != "untouched").to_numpy()
        & (rows["problem"] == "").to_numpy()
    )
    return rows.assign(problem=np.where(marked, "edited here", rows["problem"]))


def _report(
    images: pd.DataFrame,
    compared: pd.DataFrame,
    held: pd.DataFrame,
    back: pd.DataFrame,
    sent: Tables,
    pots: pd.DataFrame,
    asked: _Asked,
) -> DeliveryReport:
    claimed = pd.Series(claims(back))
    claimed = claimed[claimed >= 0]
    given, ids = set(claimed.tolist()), set(held.index.tolist())
    every = set(sent.instances.index.tolist())
    doubled = claimed[claimed.duplicated()].unique().tolist()
    strange = compared.loc[compared["problem"] == "unknown label", "label"].value_counts()
    return DeliveryReport(
        images,
        compared.drop(columns="position"),
        tuple(sorted(ids - given)),
        tuple(sorted(doubled)),
        tuple(sorted(given - every)),
        {str(name): int(n) for name, n in strange.items()},
        pots,
        **vars(asked),
    )


def _options(attributes: Mapping[str, Attribute]) -> dict[str, list[str]]:
    """Question -> its options that are offered."""
    return {name: list(one.offered) for name, one in attributes.items() if one.options}


def _order_of(orders: list[Order], wanted: str | None, folder: Path) -> Order | None:
    """The order that is asked for, or that a manifest names."""
    if not orders:
        raise UnknownNameError("nothing was handed out of this dataset yet: nl.hand_out(ds, rows, FILE)")
    named = _manifest_of(folder) if wanted is None else wanted
    by_id = {order.id: order for order in orders}
    if wanted is not None and wanted not in by_id:
        raise UnknownNameError(f"no package {wanted!r} was handed out; there are {first(by_id)}")
    return by_id.get(named) if named is not None else None


def _manifest_of(folder: Path) -> str | None:
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        facts: Any = orjson.loads(content(path))
    except orjson.JSONDecodeError:
        return None
    found = facts.get("package") if isinstance(facts, dict) else None
    return found if isinstance(found, str) else None


def _likeliest(orders: list[Order], package: _Package, folder: Path) -> Order:
    """The order with the most images in common with a package; of several the newest."""
    files = package.back.images["file"].tolist()
    common = []
    for order in orders:
        sent = read_sent(folder, order).images
        known = dict(zip(sent["file"], sent.index.tolist(), strict=True))
        common.append(sum(image >= 0 for image in images_named(files, known)))
    best = max(range(len(orders)), key=lambda i: (common[i], i))
    if not common[best]:
        raise DataError(
            f"none of the {len(files)} images of the package ({first(files)}) was handed out; packages are "
            f"{first(order.id for order in orders)}"
        )
    return orders[best]
