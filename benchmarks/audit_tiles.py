"""Certificates of completeness, on labels from which some were taken: how often they hold, and their answers.

    python benchmarks/audit_tiles.py PATH [--audits 100]

``PATH`` has ``instances.json`` (COCO) and ``images/``: complete labels. Of 150 images a share of the
instances is removed: of all images alike, or all from a few images. ``nl.completeness_audit`` asks whether
anything is missing in tiles of 128 pixels drawn at random; a reviewer who knows the truth answers: no, where
the middle of a removed instance lies in the tile. Printed for each: the true share of tiles with nothing
missing; in which share of the audits the interval held it after every question; how many audits
certified 95%, or denied it, and how many of these falsely; the median number of answers; and beside it the
smallest fixed sample that shows the same in 9 of 10 cases, by somebody who knows the truth (as in
``audit.py``); and the number of tiles. No training, one core.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from audit import TARGET, fixed_size

import nbalabel as nl

SIDE = 128
N_IMAGES = 150


def without(truth: nl.Tables, share: float, *, together: bool, seed: int) -> tuple[nl.Tables, pd.DataFrame]:
    """Tables of some images without a share of their instances, and the instances removed."""
    rng = np.random.default_rng(seed)
    images = truth.images.loc[rng.choice(truth.images.index, min(N_IMAGES, len(truth.images)), replace=False)]
    rows = truth.instances[truth.instances["image_id"].isin(images.index)]
    order = rows.index[rng.permutation(len(rows))]
    if together:
        rank = pd.Series(rng.permutation(len(images)), images.index)
        order = rows.index[np.argsort(rows["image_id"].map(rank).to_numpy(), kind="stable")]
    gone = order[: round(share * len(rows))]
    kept = rows.drop(gone)
    tables = nl.Tables.of(images.assign(state="complete"), kept, truth.labels, truth.image_root)
    return tables, rows.loc[gone]


def answers_for(tiles: pd.DataFrame, gone: pd.DataFrame) -> np.ndarray:
    """Nothing missing in each tile? ``(n,)`` bool."""
    right = np.ones(len(tiles), bool)
    middle = gone[["x", "y"]].to_numpy() + gone[["w", "h"]].to_numpy() / 2
    edges = tiles[["x", "y", "w", "h"]].to_numpy(float)
    for (x, y), image in zip(middle, gone["image_id"], strict=True):
        inside = (edges[:, 0] <= x) & (x < edges[:, 0] + edges[:, 2])
        inside &= (edges[:, 1] <= y) & (y < edges[:, 1] + edges[:, 3])
        right[(tiles["image_id"] == image).to_numpy() & inside] = False
    return right


def report(truth: nl.Tables, share: float, n_audits: int, *, together: bool) -> None:
    """Print one row."""
    tables, gone = without(truth, share, together=together, seed=1)
    held = certified = denied = false = 0
    answers = []
    for seed in range(n_audits):
        audit = nl.completeness_audit(
            tables, tile=SIDE, target_quality=TARGET, seed=seed, journal=False, name="tiles"
        )
        right = answers_for(audit.predictions, gone)
        true, inside = right.mean(), True
        while (question := audit.ask()) is not None:
            audit.tell(question, right[audit.predictions.index.get_indexer(question.ids)])
            inside &= audit.interval[0] - 1e-9 <= true <= audit.interval[1] + 1e-9
        held += inside
        certified += audit.state == "holds"
        denied += audit.state == "fails"
        false += audit.state == ("fails" if true >= TARGET else "holds")
        answers.append(audit.n_answers)
    fixed = fixed_size(len(right), float(true), 0.9)
    print(
        f"{'few images' if together else 'all alike':>10} {share:6.3f} {true:7.4f} {held / n_audits:6.3f} "
        f"{certified:9d} {denied:6d} {false:5d} {np.median(answers):8.0f} {fixed:6d} {len(right):6d}",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--audits", type=int, default=100)
    args = parser.parse_args()
    truth = nl.read_coco(args.path / "instances.json", images=args.path / "images")
    print("   removed  share  tiles ok  held  certified denied false  answers  fixed  tiles")
    for together in (False, True):
        for share in (0.0, 0.002, 0.01, 0.05):
            report(truth, share, args.audits, together=together)


if __name__ == "__main__":
    main()
