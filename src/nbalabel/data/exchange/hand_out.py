"""``hand_out``: a package for a vendor or a tool, read back before it goes."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...core.certificate import fingerprints
from ...core.errors import DataError, LossWarning, StorageError, first
from ...core.geometry.overlap.keep_best import overlapping
from ...core.id_sets import distinct, union
from ...core.ontology.attribute import ASKED_OF, Attribute
from ...core.ontology.condition import Condition
from ...core.ontology.definition import Definition
from ...core.ontology.ontology import GUIDELINES, Entry, Key, Ontology
from ...core.tables.arrays import missing, positions, put, values
from ...core.tables.schema import IMAGES
from ...core.urls import local_path
from ..dataset.dataset import Dataset
from ..disk.errors import writing
from ..formats.records.answers import shown
from ..formats.records.ids import NB_ID
from ..formats.records.report import measured
from ..formats.records.rows import states
from ..images.files import safe_path
from ..store.storage import now
from ..tables.tables import Tables
from .answers import COLUMNS, answers_of, own_columns
from .archive import pack
from .comparison import compare
from .handed import HandOut
from .honeypots import Planted, plant
from .kinds import GUIDELINES as GUIDELINES_FILE
from .kinds import LABELS, MANIFEST, Kind, kind_of
from .names import images_named
from .record import Order, write_order


def hand_out(
    ds: Dataset,
    rows: Any,
    path: str | Path,
    to: str = "cvat",
    *,
    honeypots: float = 0.0,
    guidelines: str | Path | None = None,
    seed: int = 0,
) -> HandOut:
    """Pack images with what is labeled on them, for a vendor or a tool: one zip file.

    The package holds the pictures, the masks in the format of the tool, ``labels.txt``, the guidelines, and
    ``manifest.json`` with the version, the ids and the SHA-256 of every picture. States, weights, splits,
    scores and origins stay here. Before the zip file is made, the package is read back as
    :func:`take_back` reads it, and the IoU of each mask is measured. What was handed out is kept in the
    folder of the dataset.

    Args:
        ds: the dataset.
        rows: the images: their ids or rows, or rows of instances, whose images are taken whole.
        path: the zip file to write; must not exist.
        to: "cvat" (CVAT for images 1.1), "labelstudio", "labelbox", "datumaro", "coco" or "voc" (Pascal VOC,
            where a pixel has one instance).
        honeypots: honeypots per image, 0..1: other images, of state complete and checked by people, mixed in
            to see how well the vendor works. If the package holds masks, errors are planted into half of
            those of a honeypot (one at least): gone, moved or renamed, for the vendor to mend. Where nothing
            is labeled yet, honeypots go out without masks. What is true stays in the dataset.
        guidelines: a text, or the path of a file; default: those of the dataset (``ds.guidelines``), "" for
            none.
        seed: random seed of the honeypots.

    Returns:
        Where the package is, what it holds, and what its format does to the masks.

    Raises:
        UnknownNameError: there is no such format or image.
        DataError: there are no images, they are URLs, or there are too few images for honeypots.
        ImageError: pictures are missing or broken.
        StorageError: the file exists, or cannot be written.

    Warns:
        LossWarning: masks are different when they are read back; the message names the worst.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> folder = Path(tempfile.mkdtemp())
        >>> ds = nl.demo.reef(folder / "reef.nbal", n_images=12, n_labeled=8, n_test=2, size=96)
        >>> out = nl.hand_out(ds, ds.instances.head(4), folder / "batch.zip", to="cvat")
        >>> out.n_instances >= 4, len(out.loss)
        (True, 0)
        >>> back = nl.take_back(ds, folder / "batch.zip")
        >>> set(back.report.instances["what"])
        {'untouched'}
        >>> ds.close()
    """
    kind, target = kind_of(to), local_path(path)
    if target.exists():
        raise StorageError(f"{target} is there already: choose another name, or remove it first")
    tables = ds.subset(rows)
    if not len(tables.images):
        raise DataError("a package needs one image or more; rows select none")
    ids = tables.images.index.to_numpy(np.int64)
    planted = plant(ds, ids, honeypots, not len(tables.instances), seed)
    batch = _Batch(_name(), to, kind, _sent(ds, tables, planted), tables.instances, planted)
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".package-") as made:
        said = ds.guidelines if guidelines is None else guidelines
        hashes, dropped = batch.write(Path(made), said, ds.version_id)
        held, loss, lost = batch.read_back(Path(made))
        write_order(ds.folder, batch.order(ds, hashes), held)
        pack(Path(made), target)
    _warn(loss, target, len(batch.sent.instances))
    images = batch.sent.images[["file"]].assign(sha256=pd.Series(hashes))
    images["honeypot"] = images.index.isin(planted.images)
    n_flat = _flattened(batch.sent) if kind.flat else 0
    n = len(batch.sent.instances)
    dropped = pd.concat([dropped, lost], ignore_index=True) if len(lost) else dropped
    return HandOut(batch.id, target, to, images, loss, n, n_flat, target.stat().st_size, dropped)


@dataclass(frozen=True)
class _Batch:
    """What goes out.

    Attributes:
        id: name of the package.
        to: its format.
        kind: how that is written and read.
        sent: what goes out, honeypots included.
        real: the instances of the dataset on the images that are no honeypots.
        planted: the honeypots.
    """

    id: str
    to: str
    kind: Kind
    sent: Tables
    real: pd.DataFrame
    planted: Planted

    def write(
        self, folder: Path, guidelines: str | Path, version: str
    ) -> tuple[dict[int, str], pd.DataFrame]:
        """Write all files of the package; the SHA-256 of each picture, and what the format drops."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LossWarning)  # the loss is measured when the package is read back
            dropped = self.kind.write(self.sent, folder).dropped
        (folder / LABELS).write_text("".join(f"{label}\n" for label in self.sent.labels), "utf-8")
        if isinstance(guidelines, Path):
            with writing(guidelines):
                shutil.copyfile(guidelines, folder / (GUIDELINES_FILE + guidelines.suffix))
        elif guidelines:
            (folder / f"{GUIDELINES_FILE}.md").write_text(guidelines, "utf-8")
        hashes = self._hashes(folder)
        (folder / MANIFEST).write_text(json.dumps(self._manifest(hashes, version), indent=1), "utf-8")
        return hashes, dropped

    def _manifest(self, hashes: Mapping[int, str], version: str) -> Mapping[str, Any]:
        images = self.sent.images
        listed = zip(images.index.tolist(), images["file"], images["width"], images["height"], strict=True)
        return {
            "package": self.id,
            "format": self.to,
            "made_by": "nbalabel",
            "version": version,
            "labels": list(self.sent.labels),
            "images": [
                {"id": i, "file": file, "width": int(w), "height": int(h), "sha256": hashes[i]}
                for i, file, w, h in listed
            ],
            "instances": self.sent.instances.index.tolist(),
        }

    def _hashes(self, folder: Path) -> dict[int, str]:
        names = self.sent.images["file"]
        return {
            i: sha256(safe_path(folder / self.kind.pictures, f))
            for i, f in zip(names.index.tolist(), names, strict=True)
        }

    def read_back(self, folder: Path) -> tuple[Tables, pd.DataFrame, pd.DataFrame]:
        """What the package holds, with the ids of the dataset; the loss of masks, and that of answers."""
        back = self.kind.read(folder)
        names = dict(zip(self.sent.images["file"], self.sent.images.index, strict=True))
        meant = pd.Series(images_named(back.images["file"].tolist(), names), index=back.images.index)
        image_ids = meant.reindex(back.instances["image_id"]).to_numpy(np.int64)
        found = back.instances.assign(image_id=image_ids)
        sent = self.sent.instances
        rows = compare(sent, found, self.sent.labels)
        rows = rows[rows["instance_id"].notna() & rows["position"].notna()].set_index("instance_id")
        position = rows["position"].reindex(sent.index)
        masks = found["mask"].tolist()
        after = [None if pd.isna(p) else masks[int(p)] for p in position]
        iou = measured(sent["mask"].tolist(), after)
        loss = pd.DataFrame({"iou": iou}, index=sent.index)
        loss = loss[loss["iou"] < 1].sort_values("iou", kind="stable")
        there = np.array([mask is not None for mask in after], bool)
        held = sent[there].drop(columns=["x", "y", "w", "h", "area"])
        held["mask"] = pd.Series([m for m in after if m is not None], held.index, dtype=sent["mask"].dtype)
        at = position.loc[held.index].to_numpy(np.int64)
        held, lost = self._said(held, found, at, "instances")
        order = pd.Series(range(len(meant)), index=meant.to_numpy(np.int64)).reindex(self.sent.images.index)
        images, lost_too = self._said(self.sent.images, back.images, order.to_numpy(np.int64), "images")
        held = held[~held["image_id"].isin(self.planted.images)]
        gone = pd.DataFrame(lost_too + lost, columns=["table", "column", "n", "asked"])
        return Tables.of(images, held, self.sent.labels, ontology=self.sent.ontology), loss, gone

    def _said(
        self, rows: pd.DataFrame, back: pd.DataFrame, at: np.ndarray, table: str
    ) -> tuple[pd.DataFrame, list[tuple[str, str, int, bool]]]:
        """Rows with what the package says of them; and the columns whose values are others in it.

        Args:
            rows: rows as they are sent.
            back: rows as they are read back.
            at: position in ``back`` of each row.
            table: "images" or "instances".
        """
        ontology = self.sent.ontology
        asked, ids = ontology.attributes(table), rows.index.to_numpy(np.int64)
        none = np.zeros(0, np.int64)
        said = answers_of(table, rows, rows, back, ids, at, none, ontology)
        counts = Counter(row[COLUMNS.index("column")] for row in said.rows)
        lost = [(table, name, n, name in asked) for name, n in counts.items() if name in back]
        for name in own_columns(rows, table, asked):
            gone = _lost(said.rows, table, name) if name in back else ids
            if name not in back and name not in asked:
                rows = rows.drop(columns=name)
            elif len(gone):
                rows = _put(rows, name, gone, missing(rows[name].dtype, len(gone)))
        for name, cells in said.cells.items():
            rows = _put(rows, name, cells.ids, cells.new)
        return rows, lost

    def order(self, ds: Dataset, hashes: Mapping[int, str]) -> Order:
        ids, prints = fingerprints(self.real)
        known = dict(zip(ids.tolist(), prints.tolist(), strict=True))
        pots = self.planted
        return Order(self.id, self.to, now(), ds.version_id, hashes, known, pots.images, pots.asked)


def _lost(said: Sequence[tuple[Any, ...]], table: str, name: str) -> np.ndarray:
    """Ids of the rows whose answer to a question is not in the package."""
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in said]
    gone = [row for row in rows if row["column"] == name and row["what"] in ("removed", "invalid")]
    return np.array([row["image_id" if table == "images" else "instance_id"] for row in gone], np.int64)


def _put(rows: pd.DataFrame, name: str, ids: np.ndarray, new: Any) -> pd.DataFrame:
    """The rows with other values in one column."""
    column = put(values(rows[name]), positions(rows.index, ids), new)
    return rows.assign(**{name: pd.Series(column, index=rows.index)})


def sha256(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _name() -> str:
    return f"package-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"


def _sent(ds: Dataset, tables: Tables, planted: Planted) -> Tables:
    """What goes out: nothing that tells honeypots from other images, or that is no business of a vendor."""
    ids = union(tables.images.index.to_numpy(np.int64), planted.images).astype(np.int64)
    asked, answers, _ = shown(ds.subset(ids))
    own = [name for name in asked.columns if name not in IMAGES]
    images = asked.loc[ids, ["file", "width", "height", *own]]
    own = [name for name in answers.columns if name not in _STAYS]
    pots = planted.instances
    said = [name for name in ds.ontology.instances if name in pots]
    pots = pots.assign(**{name: answers[name].reindex(pots.index) for name in said})
    parts = [frame[[n for n in own if n in frame]] for frame in (shown(tables)[1], pots)]
    filled = [frame for frame in parts if len(frame)] or parts[:1]
    rows = pd.concat(filled).sort_index() if len(filled) > 1 else filled[0]
    rows = rows.assign(source="imported", **{NB_ID: rows.index.to_numpy(np.int64)})
    images = states(images, rows["image_id"].to_numpy(np.int64))
    ontology = _asked(ds.ontology, {*images.columns, *rows.columns})
    images = images.drop(columns=[n for n in ds.ontology.images if n not in ontology.images])
    rows = rows.drop(columns=[n for n in ds.ontology.instances if n not in ontology.instances])
    images = _unmarked(images, planted, ontology)
    return Tables.of(images, rows, tables.labels, ds.image_root, ontology=ontology)


def _asked(ontology: Ontology, columns: Collection[str]) -> Ontology:
    """The questions that go out: none that is retired, no examples, and no conditions on what stays here."""
    entries: dict[Key, Entry | None] = {}
    for key, entry in ontology.entries():
        if isinstance(entry, Definition):
            entries[key] = replace(entry, right=(), wrong=())
        elif isinstance(entry, Attribute):
            known = Condition(entry.where).names <= {*columns}
            entries[key] = None if entry.retired else replace(entry, where=entry.where if known else "")
    found = ontology.with_entries({**entries, GUIDELINES: None})
    gone = {name for of in ASKED_OF for name, one in ontology.attributes(of).items() if one.retired}
    loose: dict[Key, Entry | None] = {
        (of, name): replace(one, where="")
        for of in ASKED_OF
        for name, one in found.attributes(of).items()
        if Condition(one.where).names & gone
    }
    return found.with_entries(loose)


def _unmarked(images: pd.DataFrame, planted: Planted, ontology: Ontology) -> pd.DataFrame:
    """Images whose honeypots have no answers to questions that no other image has an answer to."""
    pots = images.index.isin(planted.images)
    for name in ontology.images:
        if pots.any() and not images.loc[~pots, name].notna().any():
            ids = images.index[pots].to_numpy(np.int64)
            images = _put(images, name, ids, missing(images[name].dtype, len(ids)))
    return images


_STAYS = ("score", "source", "origin", "status", "x", "y", "w", "h", "area", NB_ID)


def _flattened(sent: Tables) -> int:
    """Number of instances that overlap another one."""
    rows = sent.instances
    return len(distinct(overlapping(rows["image_id"], rows["mask"], above=0.0).left))


def _warn(loss: pd.DataFrame, target: Path, n: int) -> None:
    if len(loss):
        worst = ", ".join(f"{v:.3f}" for v in loss["iou"].iloc[:5])
        warnings.warn(
            f"{len(loss)} of {n} masks come back different from {target}. Worst: instances "
            f"{first(loss.index)} with IoU {worst} (see loss)",
            LossWarning,
            stacklevel=3,
        )
