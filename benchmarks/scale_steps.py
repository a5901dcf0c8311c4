"""The steps that ``scale.py`` measures, each prepared here and run in a process of its own.

A step is a function of a number of masks and a folder. It prepares what it needs, unmeasured, and returns
the call that is measured. The instances are discs, 10 an image of 640 x 480 pixels, 8 labels, about 100 bytes
of run lengths each; the predictions are other discs, as many, with 16 embedded numbers.
"""

# ruff: noqa: ARG001  # all steps take the same arguments

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from scale_propagation import answer, answers, propagate, propose, tree

import nbalabel as nl
from nbalabel.core.geometry.masks.runs import from_ones
from nbalabel.core.tables.dtypes import MASK_DTYPE

HEIGHT, WIDTH, PER_IMAGE, EMBEDDED = 480, 640, 10, 16
LABELS = tuple(f"kind {i}" for i in range(8))
_BLOCK = 50_000

DESCRIBED, _PART = 448, 64  # numbers of an embedding; images of a part of a prediction

Call = Callable[[], object]


def discs(n: int, seed: int, moved: int = 0) -> tuple[pa.ChunkedArray, np.ndarray]:
    """Masks of ``n`` discs, moved by up to so many pixels, and their boxes and areas ``(n, 5)``."""
    rng, other = np.random.default_rng(seed), np.random.default_rng([seed, 2])
    parts, facts = [], []
    for start in range(0, n, _BLOCK):
        k = min(_BLOCK, n - start)
        r = rng.integers(6, 17, k)
        x, y = rng.integers(17, WIDTH - 17, k), rng.integers(17, HEIGHT - 17, k)
        if moved:
            x = np.clip(x + other.integers(-moved, moved + 1, k), 17, WIDTH - 18)
            y = np.clip(y + other.integers(-moved, moved + 1, k), 17, HEIGHT - 18)
        columns = 2 * r + 1
        offsets = np.concatenate([[0], np.cumsum(columns)])
        of = np.repeat(np.arange(k), columns)
        dx = np.arange(offsets[-1]) - offsets[of] - r[of]
        half = np.sqrt(r[of] ** 2 - dx**2).astype(np.int64)
        begin = (x[of] + dx) * HEIGHT + y[of] - half
        parts.append(from_ones(begin, begin + 2 * half + 1, offsets, HEIGHT * WIDTH).to_arrow())
        area = np.add.reduceat(2 * half + 1, offsets[:-1])
        facts.append(np.column_stack([x - r, y - r, columns, columns, area]))
    return pa.chunked_array(parts), np.concatenate(facts)


def table(n: int, seed: int, boxes: bool = True, moved: int = 0) -> pd.DataFrame:
    """Rows of ``n`` discs: image, label, mask, and with ``boxes`` also box and area."""
    rng = np.random.default_rng([seed, 1])
    masks, facts = discs(n, seed, moved)
    label = pd.Categorical.from_codes(rng.integers(0, len(LABELS), n), list(LABELS))
    mask = pd.arrays.ArrowExtensionArray(masks.combine_chunks() if n <= 10**7 else masks).astype(MASK_DTYPE)
    data: dict[str, Any] = {"image_id": np.arange(n) // PER_IMAGE, "label": label, "mask": mask}
    if boxes:
        data |= {name: facts[:, i].astype(np.float32) for i, name in enumerate("xywh")}
        data["area"] = facts[:, 4].astype(np.int32)
    return pd.DataFrame(data, copy=False)


def pictures(n: int) -> pd.DataFrame:
    """Images for ``n`` masks; a fifth of them completely labeled."""
    count = -(-n // PER_IMAGE)
    file = pd.Series(np.char.add(np.arange(count).astype(str), ".jpg"), dtype="str")
    state = np.where(np.arange(count) % 5 == 0, "complete", "partial")
    return pd.DataFrame({"file": file, "width": WIDTH, "height": HEIGHT, "state": state})


def make(n: int, folder: Path) -> None:
    """A dataset and a run of ``n`` masks each, on disk; other steps open them."""
    if (folder / "run.parquet").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    tables = nl.Tables.of(pictures(n), table(n, 0), LABELS, masks=False)
    tables.save(folder / "ds.nbal", overwrite=True)
    rows = table(n, 1)
    rng = np.random.default_rng(7)
    rows["score"] = rng.random(n, np.float32)
    rows["iou"] = rng.random(n, np.float32)
    rows["matched"] = rows["iou"] > 0.5
    rows.to_parquet(folder / "run.parquet")


def _moved(n: int, folder: Path) -> Any:
    """A run whose predictions are the instances, each moved by up to 5 pixels."""
    from nbalabel.core.tables.schema import conform

    rows = table(n, 0, moved=5).assign(source="model", origin="run-2", status="proposed")
    rows["score"] = np.random.default_rng(8).random(n, np.float32)
    return nl.Run("run-2", "predict", "made", labels=LABELS, predictions=conform(rows, "predictions", LABELS))


def _run(n: int, folder: Path, ds: Any = None, embedded: bool = False) -> Any:
    from nbalabel.core.tables.schema import conform
    from nbalabel.learn.embed.pooling import Embeddings

    rows = pd.read_parquet(folder / "run.parquet")
    rows = conform(rows.assign(source="model", origin="run-1", status="proposed"), "predictions", LABELS)
    vectors = Embeddings.none()
    if embedded:
        rng = np.random.default_rng(3)
        some = rng.normal(size=(n // PER_IMAGE, EMBEDDED)).astype(np.float32)
        ids = np.arange(n, dtype=np.int64)
        few = np.arange(n // PER_IMAGE, dtype=np.int64)
        vectors = Embeddings(few, some, ids, rng.normal(size=(n, EMBEDDED)).astype(np.float32))
    return nl.Run("run-1", "predict", "made", labels=LABELS, predictions=rows, tables=ds, embeddings=vectors)


def open_(n: int, folder: Path) -> Call:
    """``nl.open``."""
    return lambda: nl.open(folder / "ds.nbal")


def edit(n: int, folder: Path) -> Call:
    """``ds.set`` of 1,000 scores, of 1,000 masks and of the scores of all instances."""
    ds = _copy(folder)
    ids = np.random.default_rng(0).choice(n, 1000, replace=False)
    masks = ds.instances.loc[np.roll(ids, 1), "mask"].to_numpy()

    def call() -> None:
        ds.set(ids, score=0.5)
        ds.set(ids, mask=masks)
        ds.instances["score"] = np.float32(0.25)
        ds.status()

    return call


def one(n: int, folder: Path) -> Call:
    """One mask set, one row removed, that undone, and one row added."""
    ds = _copy(folder)
    ids = ds.instances.index.to_numpy()
    row = ds.instances.iloc[[3]][["image_id", "label", "mask"]]
    ds.set([ids[0]], mask=row["mask"].tolist())

    def call() -> None:
        ds.set([ids[n // 2]], mask=row["mask"].tolist())
        ds.remove([ids[n // 3]])
        ds.undo()
        ds.add_instances(row)

    return call


def commit(n: int, folder: Path) -> Call:
    """``ds.commit`` of a tenth of the predictions, accepted before."""
    ds = _copy(folder)
    run = _run(n, folder)
    ds.accept(run.predictions[run.predictions["score"] < 0.1])
    return lambda: ds.commit("accepted")


def match(n: int, folder: Path) -> Call:
    """``run.matched_to`` of as many predictions as instances, most of which are at other places."""
    ds, run = nl.open(folder / "ds.nbal"), _run(n, folder)
    return lambda: run.matched_to(ds)


def match_found(n: int, folder: Path) -> Call:
    """``run.matched_to`` of predictions that lie on the instances, each moved by up to 5 pixels."""
    ds, run = nl.open(folder / "ds.nbal"), _moved(n, folder)
    return lambda: run.matched_to(ds)


def outcomes(n: int, folder: Path) -> Call:
    """``run.outcomes``, which views show: matched, not judged, accepted."""
    ds = nl.open(folder / "ds.nbal")
    run = _run(n, folder, ds)
    return lambda: run.outcomes(ds)


def evaluate(n: int, folder: Path) -> Call:
    """``run.evaluate`` on the completely labeled images, a fifth."""
    ds = nl.open(folder / "ds.nbal")
    run = _run(n, folder, ds)
    return run.evaluate


def boxes(n: int, folder: Path) -> Call:
    """Boxes and areas of a table that has only masks, as every importer needs them."""
    from nbalabel.core.tables.schema import conform

    rows, heights = table(n, 0, boxes=False), np.full(n, HEIGHT)
    return lambda: conform(rows, "instances", LABELS, heights)


def accept(n: int, folder: Path) -> Call:
    """``ds.accept`` of a tenth of the predictions, beside as many instances as predictions."""
    ds = _copy(folder)
    run = _run(n, folder)
    rows = run.predictions[run.predictions["score"] < 0.1]
    return lambda: ds.accept(rows)


def decision(n: int, folder: Path) -> Call:
    """The column ``decision`` of the predictions in views."""
    from nbalabel.data.edits.acceptance import decided

    ds, run = nl.open(folder / "ds.nbal"), _run(n, folder)
    return lambda: decided(ds.instances, ds.rejected, run.predictions)


def explore(n: int, folder: Path) -> Call:
    """``nl.explore`` and the first answers of its scatter, from columns of the predictions."""
    ds = nl.open(folder / "ds.nbal")
    run = _run(n, folder, ds, embedded=True)

    def call() -> object:
        views = nl.explore(ds, run, x="score", y="area", of="predictions")
        return _first_answers(views.scatter)

    return call


def scatter(n: int, folder: Path) -> Call:
    """What a scatter of two columns answers when it is shown first, with the workspace made before."""
    ds = nl.open(folder / "ds.nbal")
    ws = nl.Workspace(ds, _run(n, folder, ds, embedded=True))
    return lambda: _first_answers(nl.Scatter(ws, x="score", y="area", of="predictions"))


def _first_answers(view: Any) -> object:
    described = view.describe()
    rev = described["rev"]
    if not described["sampled"]:
        return [view.axis(name=name, rev=rev) for name in ("score", "area")]
    view.cloud(rev=rev)
    return view.window(limits=[0, 0, 1, 1], columns=512, rows=340, rev=rev)


def query(n: int, folder: Path) -> Call:
    """``run.query`` of two columns of the predictions and one of their images."""
    ds = nl.open(folder / "ds.nbal")
    run = _run(n, folder, ds)
    return lambda: run.query("iou < 0.2 and score > 0.6 and state == 'partial'")


def precision_recall(n: int, folder: Path) -> Call:
    """``run.precision_recall`` on the completely labeled images, a fifth."""
    ds = nl.open(folder / "ds.nbal")
    run = _run(n, folder, ds)
    return run.precision_recall


def revert(n: int, folder: Path) -> Call:
    """``ds.revert`` of an accepted tenth of the predictions."""
    ds = _copy(folder)
    run = _run(n, folder)
    ds.accept(run.predictions[run.predictions["score"] < 0.1])
    ds.commit("accepted")
    return lambda: ds.revert("run-1")


def write_coco(n: int, folder: Path) -> Call:
    """``nl.write_coco``."""
    ds = nl.open(folder / "ds.nbal")
    return lambda: nl.write_coco(ds, folder / f"out-{os.getpid()}.json")


def read_coco(n: int, folder: Path) -> Call:
    """``nl.read_coco`` of what ``write_coco`` wrote."""
    path = _document(folder)
    return lambda: nl.read_coco(path)


def pycocotools_read(n: int, folder: Path) -> Call:
    """The peer: ``COCO(path)``, whose masks stay the text that they are."""
    from pycocotools.coco import COCO

    path = _document(folder)

    def call() -> object:
        with contextlib.redirect_stdout(io.StringIO()):
            return COCO(str(path))

    return call


def json_write(n: int, folder: Path) -> Call:
    """The peer of ``write_coco``: the standard library's ``json.dump`` of the document ready in memory."""
    import json

    document = json.loads(_document(folder).read_bytes())

    def call() -> None:
        with (folder / f"out-{os.getpid()}.json").open("w") as file:
            json.dump(document, file)

    return call


def _document(folder: Path) -> Path:
    path = folder / "instances.json"
    if not path.exists():
        nl.write_coco(nl.open(folder / "ds.nbal"), path)
    return path


def _copy(folder: Path) -> Any:
    """The dataset in a folder of its own, which a step may change."""
    import shutil

    own = folder / f"own-{os.getpid()}.nbal"
    shutil.copytree(folder / "ds.nbal", own)
    return nl.open(own)


def read_image(n: int, folder: Path) -> Call:
    """``ds.read_image`` of 100 small pictures, in a dataset of ``n`` masks."""
    from PIL import Image

    ds = _copy(folder)
    ds.image_root = folder / "pictures"
    (folder / "pictures").mkdir(exist_ok=True)
    for i in range(100):
        if not (path := folder / "pictures" / f"{i}.jpg").exists():
            Image.new("RGB", (16, 16)).save(path)
    ds.read_image(0)
    return lambda: [ds.read_image(i) for i in range(100)]


def sizes(n: int, folder: Path) -> Call:
    """Sizes of 10,000 JPEG files, as readers need them."""
    from PIL import Image

    from nbalabel.data.formats.records.files import read_sizes

    root = folder.parent / "sizes"
    names = [f"{i % 100:02d}/{i}.jpg" for i in range(10_000)]
    if not (root / names[-1]).exists():
        data = io.BytesIO()
        Image.effect_noise((378, 333), 60).convert("RGB").save(data, "JPEG")
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data.getvalue())
    return lambda: read_sizes(root, names)


def tell(n: int, folder: Path) -> Call:
    """The learner of a propagation after 1,500 answers known beforehand: chances of all candidates, once."""
    from nbalabel.learn.propagate.strategies.learner import Learner

    rng = np.random.default_rng(0)
    features = rng.normal(size=(n, 64)).astype(np.float32)
    learner = Learner.of(features, rng.random(n, np.float32))
    rows = np.sort(rng.permutation(n)[:1500])
    right = features[rows, 0] > 0
    learner.chances(rows, right)
    return lambda: learner.chances(rows, right)


def by_id(n: int, folder: Path) -> Call:
    """1,000 masks anywhere among the instances, by id, 100 times."""
    ds = nl.open(folder / "ds.nbal")
    instances = ds.instances
    ids = np.random.default_rng(0).choice(instances.index.to_numpy(), 1000, replace=False)
    return lambda: [instances.loc[ids, "mask"] for _ in range(100)]


def save(n: int, folder: Path) -> Call:
    """``run.save`` of predictions with embeddings."""
    run = _run(n, folder, embedded=True)
    return lambda: run.save(folder / f"own-{os.getpid()}.nbal")


def load(n: int, folder: Path) -> Call:
    """``Run.load``."""
    path = _saved(n, folder)
    return lambda: nl.Run.load(path)


def run_query(n: int, folder: Path) -> Call:
    """``run.query`` of two columns, of a run that was just loaded: whole rows."""
    path, where = _saved(n, folder), "iou < 0.2 and score > 0.6"
    nl.Run.load(path).query(where)
    run = nl.Run.load(path)
    return lambda: run.query(where)


def run_masks(n: int, folder: Path) -> Call:
    """1,000 masks anywhere among the predictions of a run that was just loaded, by id, 100 times."""
    path = _saved(n, folder)
    ids = np.random.default_rng(0).choice(n, 1000, replace=False)
    pa.array(nl.Run.load(path).predictions.loc[ids, "mask"])
    run = nl.Run.load(path)
    return lambda: [pa.array(run.predictions.loc[ids, "mask"]) for _ in range(100)]


def _saved(n: int, folder: Path) -> Path:
    """A folder of the run, as this version of the package writes it; loaded once, so that all is imported."""
    import hashlib

    path = folder / f"run-{hashlib.blake2b(nl.__file__.encode(), digest_size=4).hexdigest()}"
    if not (path / "run.json").exists():
        _run(n, folder, embedded=True).save(path)
    nl.Run.load(path)
    return path


def quality(n: int, folder: Path) -> Call:
    """``nl.mask_quality`` of a saved run; a fifth of the images are completely labeled."""
    return _asked(n, folder, lambda _, run: nl.mask_quality(run))


def plan(n: int, folder: Path) -> Call:
    """``nl.plan``: what to do next."""
    return _asked(n, folder, nl.plan)


def likely_complete(n: int, folder: Path) -> Call:
    """``nl.likely_complete``: partial images on which nothing may be missing."""
    return _asked(n, folder, nl.likely_complete)


def suspects(n: int, folder: Path) -> Call:
    """``nl.suspects``: labels that look wrong."""
    return _asked(n, folder, nl.suspects)


def _asked(n: int, folder: Path, question: Callable[[Any, Any], object]) -> Call:
    """A question about a dataset and a saved run on it."""
    ds = nl.open(folder / "ds.nbal")
    run = nl.Run.load(_saved(n, folder), ds)
    return lambda: question(ds, run)


def gather(n: int, folder: Path) -> Call:
    """The Run of a prediction whose parts are all there: joined, matched to the labels, saved."""
    from nbalabel.learn.prediction import inference, records
    from nbalabel.learn.prediction.resumable import Part, shards_in

    ds = nl.open(folder / "ds.nbal")
    ids = ds.images.index.to_numpy(np.int64)
    settings = inference.Settings(640, 0.1, 0.7, 300, True)
    asked = {"imgsz": 640, "embed": True}
    to = folder / f"gathered-{os.getpid()}"
    shards = shards_in(to, inference.fingerprint({}, ds, ids, vars(settings), asked))
    rows = _run(n, folder).predictions[["image_id", "mask", *"xywh", "area", "score"]].assign(code=0)
    rng = np.random.default_rng(3)
    for number, begin in enumerate(range(0, len(ids), _PART)):
        some = rows.iloc[begin * PER_IMAGE : (begin + _PART) * PER_IMAGE].reset_index(drop=True)
        on = ids[begin : begin + _PART]
        image, instance = (rng.random((len(of), DESCRIBED), np.float32) for of in (on, some))
        shards.put(number, Part(some, on, image, instance).shard())

    def call() -> object:
        given: dict[str, Any] = {"weights": dict, "arguments": asked, "batch": 16, "folder": to, "began": 0.0}
        return records.predicted("made", None, ds, ids, settings, {0: LABELS[0]}, **given)  # type: ignore[arg-type]

    return call


STEPS: dict[str, Callable[[int, Path], Call]] = {
    step.__name__.rstrip("_"): step
    for step in (
        boxes, open_, edit, one, commit, match, match_found, outcomes, evaluate,
        accept, decision, scatter, explore, query, precision_recall, revert, write_coco, read_coco,
        pycocotools_read, json_write, read_image, sizes, tell, by_id,
        save, load, run_query, run_masks,
        propose, tree, propagate, answers, answer, gather, quality, plan, likely_complete, suspects,
    )
}  # fmt: skip
