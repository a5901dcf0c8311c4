"""Masks through the vendors' own readers and writers: what comes back, instance by instance.

    python -m venv vendors
    vendors/bin/pip install datumaro==1.13.12 label-studio-converter==0.0.59
    python benchmarks/formats.py vendors/bin/python
    python -m venv labelbox
    labelbox/bin/pip install "labelbox[data]==7.17.0"
    python benchmarks/formats.py vendors/bin/python --labelbox labelbox/bin/python

Masks with holes, islands, single pixels and overlaps are written with nbalabel and read with the vendor's
code, in an environment of its own, since both pin packages that nbalabel needs newer. Then the vendor writes
and we read. An instance that has no equal is counted with the best IoU among those of its image and label.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

import nbalabel as nl
from nbalabel.core.geometry.masks import rle

SIDES = (96, 128)
LABELS = ("cod", "ling", "sea star")


def made(folder: Path, n_images: int = 24) -> nl.Tables:
    """Images with two to seven masks each: blobs with holes, islands and single pixels, overlapping."""
    rng = np.random.default_rng(7)
    images, rows = [], []
    y, x = np.mgrid[: SIDES[0], : SIDES[1]]
    for i in range(n_images):
        name = f"image{i:02d}.png"
        Image.fromarray(rng.integers(0, 255, (*SIDES, 3), np.uint8)).save(folder / name)
        images.append({"file": name, "width": SIDES[1], "height": SIDES[0], "state": "complete"})
        for _ in range(int(rng.integers(2, 8))):
            cy, cx, r = rng.uniform(5, SIDES[0] - 5), rng.uniform(5, SIDES[1] - 5), rng.uniform(2, 25)
            far = np.hypot(y - cy, (x - cx) * rng.uniform(0.5, 2))
            mask = far < r
            mask &= ~((far < r / 3) if rng.random() < 0.5 else (rng.random(SIDES) < 0.05))
            mask[rng.integers(SIDES[0]), rng.integers(SIDES[1])] = True
            label = LABELS[int(rng.integers(3))]
            rows.append({"image_id": i + 1, "label": label, "mask": rle.encode(mask), "source": "human"})
    index = pd.RangeIndex(1, n_images + 1)
    return nl.Tables.of(pd.DataFrame(images, index=index), pd.DataFrame(rows), LABELS, folder)


def listed(tables: nl.Tables) -> list[tuple[str, str, bytes]]:
    files = tables.images["file"].map(lambda name: Path(name).stem)
    rows = tables.instances
    stems = files.loc[rows["image_id"]].tolist()
    return list(zip(stems, rows["label"].astype(str), rows["mask"].tolist(), strict=True))


def shown(name: str, wanted: list[tuple[str, str, bytes]], found: list[tuple[str, str, bytes]]) -> None:
    """One line: how many instances came back equal, and the IoU of the others."""
    iou = []
    for image, label, mask in wanted:
        same = [m for i, n, m in found if (i, n) == (image, label)]
        iou.append(1.0 if mask in same else max(rle.iou_pairs([mask] * len(same), same), default=0.0))
    values = np.array(iou)
    equal = int((values == 1).sum())
    rest = f", mean IoU {values.mean():.4f}, lowest {values.min():.4f}"
    print(f"{name:58s} {equal:4d} of {len(wanted)} equal, {len(found)} came{rest}")


def expected(read: nl.Tables) -> list[tuple[str, str, bytes]]:
    """What our own reader gets of a package, without what is only a box."""
    rows = read.instances
    boxes = rows["is_box"] if "is_box" in rows else pd.Series(False, index=rows.index)
    return [row for row, box in zip(listed(read), boxes, strict=True) if not box]


def labelbox(peer: str, script: str, folder: Path, tables: nl.Tables) -> None:
    """Labelbox's package checks our lines as before an import, draws the masks and writes them again."""
    rows = tables.instances
    seen = ["ana, and bo" if i % 2 else "zoë" for i in rows.index]
    said = {"blurred": rows["area"] > 400, "seen by": seen}
    asked = nl.Tables.of(tables.images, rows.assign(**said), tables.labels, tables.image_root)
    nl.write_labelbox(asked, folder / "labelbox")
    subprocess.run([peer, script, "labelbox", folder, folder / "labelbox.json"], check=True)
    theirs = json.loads((folder / "labelbox.json").read_text())
    found = [(row["image"], row["label"], rle.from_counts(row["counts"])) for row in theirs]
    shown("labelbox: written by us, read by the vendor", listed(tables), found)
    own = rows.assign(**said)[list(said)].to_dict("records")
    wanted = [{**one, "blurred": str(one["blurred"]).lower()} for one in own]
    same = sum(row["answers"] == one for row, one in zip(theirs, wanted, strict=True))
    print(f"{'labelbox: answers of an instance, read by the vendor':58s} {same:4d} of {len(own)} equal")
    (folder / "labelbox" / "images.json").rename(folder / "labelbox-again" / "images.json")
    back = nl.read_labelbox(folder / "labelbox-again")
    shown("labelbox: written by the vendor, read by us", listed(tables), listed(back))
    held = back.instances
    ids = "nb_id" in held and held["nb_id"].tolist() == rows.index.tolist()
    told = held[list(said)].astype(object).to_numpy().tolist()
    same = sum(row == list(one.values()) for row, one in zip(told, own, strict=True))
    print(
        f"{'labelbox: the same, written by the vendor':58s} {same:4d} of {len(own)} equal, ids equal: {ids}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", nargs="?", help="Python with datumaro and label-studio-converter")
    parser.add_argument("--labelbox", help="Python with labelbox[data]")
    given = parser.parse_args()
    peer = given.peer
    script = str(Path(__file__).with_name("formats_peers.py"))
    with tempfile.TemporaryDirectory() as made_in, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        folder = Path(made_in)
        (folder / "pictures").mkdir()
        tables = made(folder / "pictures")
        if given.labelbox:
            labelbox(given.labelbox, script, folder, tables)
        if not peer:
            return
        nl.write_cvat(tables, folder / "cvat" / "annotations.xml", images="copy")
        nl.write_labelstudio(tables, folder / "labelstudio")
        nl.write_datumaro(tables, folder / "datumaro", images="copy")
        nl.write_voc(tables, folder / "voc", images="copy")
        subprocess.run([peer, script, "read", folder, folder / "theirs.json"], check=True)
        theirs = json.loads((folder / "theirs.json").read_text())
        for name, rows in theirs.items():
            found = [(row["image"], row["label"], rle.from_counts(row["counts"])) for row in rows]
            wanted = expected(nl.read_voc(folder / "voc")) if name == "voc" else listed(tables)
            shown(f"{name}: written by us, read by the vendor", wanted, found)
        subprocess.run([peer, script, "write", folder], check=True)
        shown(
            "labelstudio: written by the vendor, read by us",
            listed(tables),
            listed(nl.read_labelstudio(folder / "labelstudio-again")),
        )
        shown(
            "datumaro: written by the vendor, read by us",
            listed(tables),
            listed(nl.read_datumaro(folder / "datumaro-again")),
        )
        (xml,) = (folder / "cvat-again").glob("*.xml")
        shown("cvat: written by the vendor, read by us", listed(tables), listed(nl.read_cvat(xml)))
        back = nl.read_voc(folder / "voc-again")
        shown("voc: written by the vendor, read by us", expected(nl.read_voc(folder / "voc")), expected(back))


if __name__ == "__main__":
    main()
