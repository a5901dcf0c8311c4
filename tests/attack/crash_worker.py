"""A warm process that forks children which edit a dataset until they are killed.

Commands on stdin, one a line, tab-separated: ``edit FOLDER SEED`` and ``race FOLDER GO ROWS VALUE``. A child
first prints its pid, then, as JSON, what it is about to do, and after the call returned, that it is done. The
worker prints ``gone`` when the child has ended.
"""

import json
import os
import random
import sys
import time
import warnings
from pathlib import Path

import pandas as pd
from telling import SIZE, say, square

from nbalabel.core.errors import ConflictError
from nbalabel.data.dataset.dataset import Dataset


def content(ds) -> dict:
    """What counts, in plain values: weights of images, and instances without their ids."""
    rows = zip(ds.instances["image_id"], ds.instances["label"], ds.instances["x"], strict=True)
    return {
        "weights": [float(w) for w in ds.images["weight"]],
        "instances": sorted([int(i), str(label), float(x)] for i, label, x in rows),
    }


def edit(folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = Dataset(folder)
    now = content(ds)
    say("done", what="open", version=ds.version_id, content=now, next_id=0)
    before: list[dict] = []
    while True:
        what = rng.choice(["weight", "pandas", "add", "remove", "undo", "commit", "accept"])
        after = {"weights": list(now["weights"]), "instances": list(now["instances"])}
        row, value, x = rng.randrange(len(ds.images)), rng.randrange(1, 10_000), rng.randrange(SIZE - 3)
        label = rng.choice(ds.labels)
        if (what == "undo" and not before) or (what == "remove" and not len(ds.instances)):
            continue
        if what in ("weight", "pandas"):
            after["weights"][row] = float(value)
        elif what in ("add", "accept"):
            if what == "accept" and [row, label, float(x)] in after["instances"]:
                continue
            after["instances"] = sorted([*after["instances"], [row, label, float(x)]])
        elif what == "remove":
            gone = ds.instances.iloc[rng.randrange(len(ds.instances))]
            after["instances"].remove([int(gone["image_id"]), str(gone["label"]), float(gone["x"])])
        elif what == "undo":
            after = before[-1]
        say("try", what=what, content=after)
        created: list[int] = []
        if what == "weight":
            ds.set([row], "images", weight=value)
        elif what == "pandas":
            ds.images.loc[row, "weight"] = value
            ds.sync()
        elif what in ("add", "accept"):
            frame = pd.DataFrame({"image_id": [row], "label": [label], "mask": [square(x)]})
            change = (
                ds.add_instances(frame) if what == "add" else ds.accept(frame.assign(score=0.5), weight=None)
            )
            created = [int(i) for i in change.tables["instances"].created.index]
        elif what == "remove":
            ds.remove([int(gone.name)])
        elif what == "undo":
            ds.undo()
        else:
            ds.commit(f"commit {value}")
        say("done", what=what, version=ds.version_id, content=content(ds), created=created)
        assert content(ds) == after
        if what == "commit":
            before.clear()
        elif what == "undo":
            before.pop()
        elif after != now:
            before.append(now)
        now = after


def race(folder: Path, go: Path, rows: list[int], value: float) -> None:
    ds = Dataset(folder)
    ds.set(rows, "images", weight=value)
    say("ready")
    while not go.exists():
        time.sleep(0.0005)
    conflict: list[int] = []
    try:
        version = ds.commit(f"rows {rows} to {value}")
    except ConflictError as error:
        conflict = error.rows["images"]
        assert ds.images.loc[rows, "weight"].eq(value).all()
        ds.refresh(keep="mine")
        version = ds.commit(f"rows {rows} to {value}, mine kept")
    say("done", version=version.id, conflict=conflict)
    ds.close()


def main() -> None:
    for line in sys.stdin:
        command, folder, *rest = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            say("pid", pid=os.getpid())
            if command == "edit":
                edit(Path(folder), int(rest[0]))
            else:
                race(Path(folder), Path(rest[0]), json.loads(rest[1]), float(rest[2]))
            os._exit(0)
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main()
