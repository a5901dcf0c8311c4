"""Which labels ``suspects.unsure`` asks about: the boats of ``suspects_corner.py`` without any training.

    python benchmarks/suspects_asking.py nuclei:1 nuclei:2 reef6:2 --nuclei PATH

Boats are painted into a third of the images and labeled. Looks, size and place of the labels (14 per image at
most) are those that ``nl.suspects`` uses; in place of rehearsed chances every label has 0.01, one of 25 a
chance between 0.1 and 0.9: other doubts. Printed: share of the boats at 0.5 or more, and other labels there
that the answers raised, after 1 to 30 answers; by turns as ``unsure`` asks, and about the least sure alone.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from suspects_corner import Painted, plant_boats

import nbalabel as nl
from nbalabel.learn.suspects.crops.axes import spread
from nbalabel.learn.suspects.crops.cut import cut
from nbalabel.learn.suspects.crops.describe import describe
from nbalabel.learn.suspects.evidence.shape import NAMES, shape, usual_area

AXES, MOST, ANSWERS = 12, 14, 30


def truth_of(name: str, path: Path | None) -> nl.Tables:
    """267 images of nuclei, or a generated reef of 400."""
    if name == "nuclei":
        assert path is not None, "--nuclei PATH: a folder with instances.json and images/"
        whole = nl.read_coco(path / "instances.json", images=path / "images")
        ids = np.sort(np.random.default_rng(0).permutation(whole.images.index)[133:])
    else:
        folder = Path(tempfile.mkdtemp()) / "r.nbal"
        ds = nl.demo.reef(folder, 400, 380, 0, seed=int(name.removeprefix("reef")), by_species=True)
        whole = nl.demo.truth(ds)
        ids = whole.images.index.to_numpy()
    rows = whole.instances[whole.instances["image_id"].isin(ids)]
    return nl.Tables.of(whole.images.loc[ids].assign(state="complete"), rows, whole.labels, whole.image_root)


def painted(truth: nl.Tables, seed: int) -> tuple[Painted, pd.Index]:
    """The labels with boats among them, and the ids of the boats."""
    masks, rows = plant_boats(truth, np.random.default_rng(seed))
    groups = truth.instances.groupby("image_id").sample(frac=1, random_state=seed).groupby("image_id")
    some = groups.head(MOST)[["image_id", "label", "mask"]].astype({"label": object})
    both = nl.Tables.of(truth.images, pd.concat([some, rows]), truth.labels, truth.image_root)
    return Painted(both.images, both.instances, both.labels, both.image_root, both, masks), rows.index


def suspicions(tables: Painted, seed: int) -> nl.Suspects:
    """One row per label, with its looks, size and place."""
    rows = tables.instances
    looks = spread(
        describe(*cut(tables, rows["image_id"].to_numpy(np.int64), list(rows["mask"]))), len(rows), seed
    )
    codes = rows["label"].cat.codes.to_numpy(np.int64)
    usual = usual_area(rows["area"].to_numpy(float), codes, len(tables.labels))
    form = shape(rows, tables.images, usual, codes)
    at = [NAMES.index(name) for name in ("log_area", "long", "centre_x", "centre_y")]
    features = np.column_stack([form[:, at], looks[:, :AXES]]).astype(float)
    features = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-6)
    rng = np.random.default_rng((seed, 1))
    chance = np.full(len(rows), 0.01)
    chance[rng.choice(len(rows), len(rows) // 25, replace=False)] = rng.uniform(0.1, 0.9, len(rows) // 25)
    table = pd.DataFrame(
        {
            "kind": pd.Categorical(np.where(chance > 0.05, "outline", "odd")),
            "score": chance,
            "instance_id": rows.index,
            "settled": False,
        },
        pd.RangeIndex(len(rows), name="suspect_id"),
    )
    none = pd.Series([], pd.Index([], dtype=np.int64, name="suspect_id"), dtype=bool, name="wrong")
    return nl.Suspects("boats", table, none, 0, "", tables, rows.iloc[:0], table["score"], features)


def asked(now: nl.Suspects, alone: bool) -> int:
    """The row to ask about."""
    if not alone:
        return int(now.unsure(1).index[0])
    left = now.table["score"].drop(now.answers.index)
    return int((left - 0.5).abs().idxmin())


def tell(first: nl.Suspects, boats: pd.Index, alone: bool) -> str:
    """Answer, and say what is found on the way."""
    is_boat = first.table["instance_id"].isin(boats)
    wanted = is_boat.index[is_boat.to_numpy()]
    now, out = first.answered([wanted[len(wanted) // 2]], wrong=True), []
    for n in range(1, ANSWERS + 1):
        if n in (1, 5, 10, 20, 30):
            score = now.table["score"].sort_index()
            raised = (score >= 0.5) & (first.table["score"] < 0.5) & ~is_boat
            out.append(f"{n}: {(score[is_boat] >= 0.5).mean():.3f} ({int(raised.sum())} others)")
        row = asked(now, alone)
        now = now.answered([row], wrong=bool(is_boat[row]))
    return ", ".join(out)


def main() -> None:
    """Print two lines for each case."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="+", help="nuclei:SEED, or reefN:SEED of the Nth reef")
    parser.add_argument("--nuclei", type=Path)
    options = parser.parse_args()
    for case in options.cases:
        name, seed = case.split(":")
        tables, boats = painted(truth_of(name, options.nuclei), int(seed))
        first = suspicions(tables, int(seed))
        print(f"{case}: {len(boats)} boats among {len(first.table):,} labels")
        for how, alone in (("by turns", False), ("least sure alone", True)):
            print(f"  {how}: {tell(first, boats, alone)}", flush=True)


if __name__ == "__main__":
    main()
