"""The active-labeling loop on real images: ``python benchmarks/nuclei.py PATH``.

PATH is a folder with ``instances.json`` (COCO) and ``images/``. The loop starts with twenty labeled images; a
part of the images is held back and measured on after every round. A simulated reviewer, who knows the true
masks of the file, replaces the person. The decisions that a person would have had to make are counted.

``--propagate`` measures label propagation instead: ``nuclei_propagation.py``.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import nbalabel as nl


@dataclass
class Loop:
    """A dataset that grows, its truth, the reviewer, and the table of results per round."""

    ds: nl.Dataset
    truth: nl.Tables
    held_back: pd.Index
    questions: int
    reviewer: Any = None
    rows: list[dict[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reviewer = nl.demo.Reviewer(self.truth)

    def measure(self, run: nl.Run, seconds: float) -> None:
        """Add the row of this round: quality of the model, and of the masks accepted so far."""
        metrics = run.evaluate(images=self.held_back, tables=self.truth)
        gained = self.ds.instances[self.ds.instances["source"] == "model"]
        judged = nl.match(gained, self.truth.instances, self.truth.images).predictions
        right = judged["iou"] >= 0.5
        self.rows.append(
            {
                "round": len(self.rows) + 1,
                "images": int((self.ds.images["weight"] > 0).sum()),
                "mAP50-95": round(metrics.map, 3),
                "mAP50": round(metrics.map50, 3),
                "labels gained": len(gained),
                "precision": round(float(right.mean()), 3) if len(gained) else None,
                "mean IoU": round(float(judged.loc[right, "iou"].mean()), 3) if len(gained) else None,
                "decisions": self.reviewer.n_decisions,
                "train s": round(seconds),
            }
        )
        print(pd.DataFrame(self.rows[-1:]).to_string(index=False), flush=True)

    def grow(self, run: nl.Run) -> None:
        """Accept new predictions of high score in bulk; then ask about the rest on the best images."""
        new = "split == 'train' and state in ('unlabeled', 'partial')"
        sure = run.query(f"score > 0.6 and iou < 0.2 and {new}")
        self.ds.accept(sure, overlap="skip")
        candidates = run.query(f"score > 0.2 and iou < 0.5 and {new}")
        asked = candidates[
            candidates["image_id"].isin(self._surest(candidates)) & ~candidates.index.isin(sure.index)
        ]
        yes = self.reviewer.judge(asked, iou=0.6)
        self.ds.accept(asked[yes], overlap="skip", origin="reviewer")
        self.ds.reject(asked[~yes], origin="reviewer")
        self._weigh()
        self.ds.commit(f"round {len(self.rows)}")

    def _surest(self, candidates: pd.DataFrame) -> pd.Index:
        """Images by falling mean score, as many as the questions allow."""
        images = (
            candidates.groupby("image_id")["score"].agg(["mean", "size"]).sort_values("mean", ascending=False)
        )
        return images.index[images["size"].cumsum() <= self.questions]

    def _weigh(self) -> None:
        """Set weights by a look at each image: it is trained on if most of it is labeled."""
        images = self.ds.images
        touched = images.index[(images["state"] == "partial").to_numpy()]
        labeled = self.ds.instances.groupby("image_id").size().reindex(touched).fillna(0)
        there = self.truth.instances.groupby("image_id").size().reindex(touched).fillna(0)
        self.reviewer.n_decisions += len(touched)
        images.loc[touched, "weight"] = np.where(labeled >= 0.7 * there, 1.0, 0.0)


def start(
    path: Path, folder: Path, n_labeled: int, n_held_back: int, seed: int
) -> tuple[nl.Dataset, nl.Tables, pd.Index]:
    """A dataset of which only ``n_labeled`` images are labeled; the whole truth; the images held back."""
    truth = nl.read_coco(path / "instances.json", images=path / "images")
    order = np.random.default_rng(seed).permutation(truth.images.index)
    held_back, labeled = pd.Index(order[:n_held_back]), order[n_held_back : n_held_back + n_labeled]
    images = truth.images.assign(weight=np.float32(0), state="unlabeled", split="train")
    images.loc[labeled, ["weight", "state"]] = [1, "complete"]
    images.loc[held_back, "split"] = "test"
    known = truth.instances[truth.instances["image_id"].isin(labeled)]
    tables = nl.Tables.of(images, known, truth.labels, truth.image_root)
    return tables.save(folder, message=f"{n_labeled} labeled images"), truth, held_back


def main() -> None:
    options = arguments().parse_args()
    if options.propagate:
        from nuclei_propagation import compare

        compare(options)
        return
    folder = Path(tempfile.mkdtemp()) / "nuclei.nbal"
    ds, truth, held_back = start(options.path, folder, options.labeled or 20, options.held_back, options.seed)
    loop = Loop(ds, truth, held_back, options.questions)
    model = nl.Yolo("yolo11n-seg.yaml")
    rounds = options.epochs or [40, 15, 15]
    for number, epochs in enumerate(rounds):
        began = time.perf_counter()
        model.train(ds, epochs=epochs, imgsz=options.imgsz, seed=options.seed)
        seconds = time.perf_counter() - began
        run = model.predict(ds, score=0.05, embed=False)
        loop.measure(run, seconds)
        if number + 1 < len(rounds):
            loop.grow(run)
    print("\n" + pd.DataFrame(loop.rows).to_string(index=False))
    ds.close()
    shutil.rmtree(folder.parent)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--labeled", type=int, help="images; default 20, or 100 with --propagate")
    parser.add_argument("--epochs", type=int, nargs="+", help="one number per round; default 40 15 15, or 40")
    parser.add_argument("--imgsz", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    loop = parser.add_argument_group("the loop")
    loop.add_argument("--held-back", type=int, default=100)
    loop.add_argument("--questions", type=int, default=1500, help="most answers per round")
    propagate = parser.add_argument_group("--propagate")
    propagate.add_argument("--propagate", action="store_true", help="measure label propagation instead")
    propagate.add_argument("--run", type=Path, metavar="FOLDER", help="a saved run, or where to save it")
    propagate.add_argument("--known", type=int, default=20, help="further images, labels known")
    propagate.add_argument("--right", type=float, nargs="+", default=[0.5, 0.75], help="IoU of a yes")
    propagate.add_argument(
        "--wrong", type=float, nargs="+", default=[0, 0.05], help="shares of wrong answers"
    )
    propagate.add_argument("--seeds", type=int, default=5, help="number of repetitions, one per seed")
    propagate.add_argument("--strategies", nargs="+", help="default: all")
    return parser


if __name__ == "__main__":
    main()
