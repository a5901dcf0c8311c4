"""Planted label errors found by ``nl.suspects``, and by others: ``python benchmarks/suspects.py FOLDER``.

FOLDER keeps the runs, which are trained once (``--nuclei PATH``: a folder with ``instances.json`` and
``images/``). Errors are planted into the truth of images that no model learned (``planted.py``), 5% or 20% of
the labels, all kinds equally often. ``--peers PYTHON``: a Python with cleanlab and fiftyone, whose formulas
compare boxes (``suspects_peers.py``). Columns: precision among the first 25, 50, 100 and as many as were
planted, errors found in the first 10%, AUROC of the order. All rank labels and predictions without label.

``--corner`` plants one systematic object into a corner of many images and counts answers until it is gone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from planted import Planted, plant
from scipy.stats import rankdata
from suspects_corner import corner

import nbalabel as nl
from nbalabel.learn.suspects.evidence.pairs import Overlaps

SPECIES_STEPS, NUCLEI_STEPS = 700, 600


@dataclass(frozen=True)
class Case:
    """True labels of images that a model did not learn, and its predictions."""

    name: str
    truth: nl.Tables
    run: nl.Run


def nuclei(folder: Path, path: Path) -> Case:
    """133 images are learned from, 267 are judged."""
    truth = nl.read_coco(path / "instances.json", images=path / "images")
    order = np.random.default_rng(0).permutation(truth.images.index)
    images = truth.images.assign(state="complete", weight=np.float32(1), split="train")
    images.loc[order[133:], "split"] = "test"
    tables = nl.Tables.of(images, truth.instances, truth.labels, truth.image_root)
    if not (folder / "run_nuclei").exists():
        model = nl.Yolo("yolo11n-seg.yaml", device="cpu")
        model.train(tables, steps=NUCLEI_STEPS, imgsz=256, seed=0)
        model.predict(tables, order[133:].tolist(), score=0.02).save(folder / "run_nuclei")
    return _held_out("nuclei", tables, nl.Run.load(folder / "run_nuclei", tables))


def reef(folder: Path, seed: int, n: int = 1400) -> Case:
    """A reef by species; the model learned another reef, of 400 images."""
    name = f"reef{seed}"
    if not (folder / f"{name}.nbal").exists():
        nl.demo.reef(folder / f"{name}.nbal", n, n - 60, 60, seed=seed, by_species=True).close()
    with nl.open(folder / f"{name}.nbal") as ds:
        tables = nl.Tables.of(ds.images, ds.instances, ds.labels, ds.image_root)
    if not (folder / f"run_{name}").exists():
        if not (folder / "reef.npz").exists():
            nl.demo.reef(folder / "reef0.nbal", 400, 340, 60, seed=0, by_species=True).close()
            model = nl.Yolo("yolo11n-seg.yaml", device="cpu")
            with nl.open(folder / "reef0.nbal") as ds:
                model.train(ds, steps=SPECIES_STEPS, imgsz=192, seed=0)
            model.save(folder / "reef.npz")
        nl.Yolo(folder / "reef.npz", device="cpu").predict(tables, score=0.02).save(folder / f"run_{name}")
    return _held_out(name, tables, nl.Run.load(folder / f"run_{name}", tables))


def _held_out(name: str, tables: nl.Tables, run: nl.Run) -> Case:
    images = tables.images[tables.images.index.isin(run.predicted_ids)].assign(split="test")
    rows = tables.instances[tables.instances["image_id"].isin(images.index)]
    return Case(name, nl.Tables.of(images, rows, tables.labels, tables.image_root), run)


def errors_of(table: pd.DataFrame, planted: Planted, predictions: pd.DataFrame) -> np.ndarray:
    """Number of the planted error that each row points at, -1 for none, ``(n,)``."""
    out = np.full(len(table), -1)
    is_label = table["instance_id"].notna().to_numpy()
    out[is_label] = table["instance_id"][is_label].map(planted.of_label).fillna(-1).astype(int)
    if (~is_label).any():
        rows = predictions.loc[table["prediction_id"][~is_label].astype(int)]
        over = Overlaps.of(rows, planted.dropped)
        found, there = np.full(len(rows), -1), over.iou >= 0.5
        found[over.left[there]] = planted.dropped["error"].to_numpy()[over.right[there]]
        out[~is_label] = found
    return out


def measured(table: pd.DataFrame, planted: Planted, predictions: pd.DataFrame) -> dict[str, float]:
    """How good an order of suspicions is; ``table`` has ``instance_id`` and ``prediction_id``, best first."""
    error = errors_of(table, planted, predictions)
    right, n = error >= 0, len(planted.errors)
    first = error[: len(error) // 10]
    row = {f"P@{k}": float(right[:k].mean()) for k in (25, 50, 100)}
    ranks = rankdata(-np.arange(len(right)))
    n_right = int(right.sum())
    area = (ranks[right].sum() - n_right * (n_right + 1) / 2) / max(n_right * (len(right) - n_right), 1)
    return {
        **row,
        "P@all": float(right[:n].mean()),
        "found in 10%": len(set(first[first >= 0])) / n,
        "AUROC": area,
    }


def by_kind(table: pd.DataFrame, planted: Planted, predictions: pd.DataFrame) -> pd.Series:
    """Share of the planted errors of each kind found in the first as many rows as errors were planted."""
    error = errors_of(table, planted, predictions)[: len(planted.errors)]
    found = planted.errors["kind"].iloc[np.unique(error[error >= 0])].value_counts()
    return (found / planted.errors["kind"].value_counts()).fillna(0)


def rivals(planted: Planted, run: nl.Run, found: nl.Suspects) -> dict[str, pd.DataFrame]:
    """Orders by what exists today, and by the evidence without rehearsal."""
    labels, free = planted.tables.instances, found.table[found.table["kind"] == "missing"]
    over = Overlaps.of(labels, run.predictions)
    score = run.predictions["score"].to_numpy(np.float64)
    same = (
        labels["label"].astype(str).to_numpy()[over.left]
        == run.predictions["label"].astype(str).to_numpy()[over.right]
    )
    best = over.most(over.iou, same)
    matched = over.most(score[over.right], same & (over.iou >= 0.5))
    about = found.table[found.table["instance_id"].notna()].set_index("instance_id").reindex(labels.index)
    parts = [
        1 - about["iou"],
        1 - about["boundary_iou"],
        about["background"],
        1 - about["own_chance"],
        about["label_iou"],
    ]
    plain = pd.concat([p.astype(float).rank(pct=True) for p in parts], axis=1).mean(axis=1).rank(pct=True)
    quality = nl.mask_quality(run, tables=planted.tables).chance.reindex(free["prediction_id"].astype(int))
    return {
        "confidence": order(labels.index, 1 - matched, free["prediction_id"], free["prediction_score"]),
        "columns of today (1 - IoU, score)": order(
            labels.index, 1 - best, free["prediction_id"], free["prediction_score"]
        ),
        "evidence without rehearsal": order(labels.index, plain, free["prediction_id"], quality),
    }


def order(labels, worth, predictions, other) -> pd.DataFrame:  # type: ignore[no-untyped-def]
    """Rows of labels and predictions, by falling worth."""
    n, m = len(labels), len(predictions)
    rows = pd.DataFrame(
        {
            "instance_id": pd.array([*labels, *[pd.NA] * m], "Int64"),
            "prediction_id": pd.array([*[pd.NA] * n, *predictions], "Int64"),
            "worth": [*np.asarray(worth, float), *np.asarray(other, float)],
        }
    )
    return rows.sort_values("worth", ascending=False, kind="stable")


def peers(planted: Planted, run: nl.Run, python: str, folder: Path) -> dict[str, pd.DataFrame]:
    """Orders of cleanlab and of FiftyOne, from their own packages."""
    tables = planted.tables
    found = run.predictions[run.predictions["image_id"].isin(tables.images.index)]
    images, ids = [], []
    for image_id in tables.images.index:
        a, b = tables.instances, found
        a, b = a[a["image_id"] == image_id], b[b["image_id"] == image_id]
        ids.append((a.index.tolist(), b.index.tolist()))
        corners = [
            np.column_stack([f["x"], f["y"], f["x"] + f["w"], f["y"] + f["h"]]).tolist() for f in (a, b)
        ]
        codes = [f["label"].cat.codes.tolist() for f in (a, b)]
        images.append({"boxes": corners[0], "labels": codes[0], "p_boxes": corners[1], "p_labels": codes[1],
                       "p_scores": b["score"].astype(float).tolist()})  # fmt: skip
    given, said = folder / "peers_in.json", folder / "peers_out.json"
    given.write_text(json.dumps({"images": images, "n_labels": len(tables.labels)}))
    script = Path(__file__).with_name("suspects_peers.py")
    subprocess.run([python, str(script), str(given), str(said)], check=True, capture_output=True)
    answer = json.loads(said.read_text())
    labels, predictions = [i for a, _ in ids for i in a], [i for _, b in ids for i in b]
    out: dict[str, pd.DataFrame] = {}
    if "error" in answer["objectlab"]:
        print("ObjectLab failed:", answer["objectlab"]["error"])
    else:
        lab, free = (
            np.concatenate([np.asarray(x, float) for x in answer["objectlab"][k]])
            for k in ("labels", "found")
        )
        out["cleanlab ObjectLab (boxes)"] = order(labels, 1 - lab, predictions, 1 - free)
    if "error" in answer["fiftyone"]:
        print("FiftyOne failed:", answer["fiftyone"]["error"])
        return out
    per = answer["fiftyone"]["images"]
    klass, place = (np.concatenate([np.asarray(i[k], float) for i in per]) for k in ("class", "place"))
    matched = np.concatenate([np.asarray(i["matched"], bool) for i in per])
    score = found["score"].reindex(predictions).to_numpy(float)
    missing = np.where(~matched & (score > 0.95), score, -1)
    mistaken = np.fmax(klass, place)
    plain, free = np.nan_to_num(mistaken, nan=0), np.isnan(klass)
    first, last = np.where(free, 2, mistaken), np.where(free, -1, mistaken)
    sure = np.where(missing > 0, missing + 2, missing)
    out["FiftyOne mistakenness (boxes)"] = order(labels, plain, predictions, missing)
    out["FiftyOne spurious first (boxes)"] = order(labels, first, predictions, missing)
    out["FiftyOne missing first (boxes)"] = order(labels, last, predictions, sure)
    return out


def tell(case: Case, share: float, seed: int, options: argparse.Namespace) -> None:
    """Plant, rank, print one row per way to rank; of a share of 0 what is suspected nevertheless."""
    planted = plant(case.truth, share, seed)
    run = case.run.matched_to(planted.tables)
    began = time.perf_counter()
    found = nl.suspects(planted.tables, run, seed=seed)
    seconds = time.perf_counter() - began
    table = found.table[found.table["kind"] != "state"]
    if not len(planted.errors):
        print(f"\n{case.name}, nothing planted, {len(planted.tables.instances):,} labels, {seconds:.0f} s")
        print(found.summary().to_string(), flush=True)
        return
    ways = {"nl.suspects": table, **rivals(planted, run, found)}
    if options.peers:
        ways |= peers(planted, run, options.peers, options.folder)
    n, k = len(planted.tables.instances), len(planted.errors)
    head = {"data": case.name, "share": share, "seed": seed}
    print(f"\n{case.name}, {n:,} labels, {k} errors ({share:.0%}), seed {seed}, {seconds:.0f} s", flush=True)
    rows = pd.DataFrame({name: measured(t, planted, run.predictions) for name, t in ways.items()}).T
    print(rows.round(3).to_string())
    kinds = pd.DataFrame({name: by_kind(t, planted, run.predictions) for name, t in ways.items()}).T
    print(kinds.round(2).to_string(), flush=True)
    right = errors_of(table, planted, run.predictions) >= 0
    bins = pd.cut(table["score"], [-1, 0.05, 0.2, 0.5, 0.8, 1.01])
    said = (
        pd.DataFrame({"score": table["score"], "right": right})
        .groupby(bins, observed=True)
        .agg(["size", "mean"])
    )
    print(said[[("score", "size"), ("score", "mean"), ("right", "mean")]].round(3).to_string(), flush=True)
    with open(options.folder / "suspects.jsonl", "a") as file:
        for name, row in rows.iterrows():
            share_found = {f"found {x}": round(float(v), 3) for x, v in kinds.loc[name].items()}
            facts = {**head, "errors": k, "labels": n, "way": name, **row.round(4).to_dict(), **share_found}
            file.write(json.dumps(facts) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nuclei", type=Path)
    parser.add_argument("--reef", type=int, nargs="*", default=[], help="seeds of reefs")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--shares", type=float, nargs="+", default=[0.05])
    parser.add_argument("--peers", help="a Python with cleanlab and fiftyone")
    parser.add_argument("--corner", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    cases = [nuclei(options.folder, options.nuclei)] if options.nuclei else []
    cases += [reef(options.folder, seed) for seed in options.reef]
    for case in cases:
        for seed in options.seeds:
            if options.corner:
                corner(case.truth, case.run, seed)
                continue
            for share in options.shares:
                tell(case, share, seed, options)


if __name__ == "__main__":
    main()
