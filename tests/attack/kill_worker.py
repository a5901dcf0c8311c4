"""A warm process that forks children which work on a dataset and kill themselves at one call to the system.

Commands on stdin, one a line, tab-separated: ``FOLDER SEED AT SIDE``. A child reports as JSON lines what
it is about to do and, after the call returned, what is there; it dies by SIGKILL at its AT-th call,
``before`` or ``after`` that is made. The worker prints ``gone`` once the child has ended.
"""

import fcntl
import os
import random
import signal
import sys
import warnings
from pathlib import Path

import pandas as pd
from telling import SIZE, say, square

from nbalabel.data.dataset.dataset import Dataset, create_from
from nbalabel.data.store import snapshot, storage

OPERATIONS = (
    *("weight", "pandas", "add", "remove", "undo", "theirs", "refresh") * 2,
    *["commit"] * 5,
    "save",
)
THEIRS = 5  # the image whose weight the other session sets
CALLS = ("open", "write", "fsync", "ftruncate", "replace", "unlink", "mkdir", "close")


def content(ds) -> dict:
    """What counts, in plain values: the weights we set, and instances without their ids."""
    rows = zip(ds.instances["image_id"], ds.instances["label"], ds.instances["x"], strict=True)
    return {
        "weights": [float(w) for w in ds.images["weight"].drop(THEIRS)],
        "instances": sorted([int(i), str(label), float(x)] for i, label, x in rows),
    }


def dies_at(at: int, side: str) -> None:
    """End this process at its ``at``-th call from here on."""
    seen = 0

    def through(owner: object, name: str) -> None:
        real = getattr(owner, name)

        def call(*args, **named):
            nonlocal seen
            seen += 1
            if seen == at and side == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = real(*args, **named)
            if seen == at and side == "after":
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        setattr(owner, name, call)

    for name in CALLS:
        through(os, name)
    through(fcntl, "flock")
    through(snapshot.pa, "OSFile")


def quietly(folder: Path) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Dataset(folder)


def work(folder: Path, seed: int) -> None:
    rng, before = random.Random(seed), list[dict]()
    ds = quietly(folder)
    now = content(ds)
    say("done", what="open", content=now)
    for step in range(40):
        what = rng.choice(OPERATIONS)
        if (what == "undo" and not before) or (what == "remove" and not len(ds.instances)):
            continue
        row, value, x = rng.randrange(THEIRS), rng.randrange(1, 10_000), rng.randrange(SIZE - 3)
        after = {"weights": list(now["weights"]), "instances": list(now["instances"])}
        if what in ("weight", "pandas"):
            after["weights"][row] = float(value)
        elif what == "add":
            after["instances"] = sorted([*after["instances"], [row, "cod", float(x)]])
        elif what == "remove":
            gone = ds.instances.iloc[rng.randrange(len(ds.instances))]
            after["instances"].remove([int(gone["image_id"]), str(gone["label"]), float(gone["x"])])
        elif what == "undo":
            after = before[-1]
        elsewhere = folder.with_name(f"saved-{seed}-{step}.nbal")
        say("try", what=what, content=after, value=value, path=str(elsewhere))
        created: list[int] = []
        if what == "weight":
            ds.set([row], "images", weight=value)
        elif what == "pandas":
            ds.images.loc[row, "weight"] = value
            ds.sync()
        elif what == "add":
            frame = pd.DataFrame({"image_id": [row], "label": ["cod"], "mask": [square(x)]})
            created = [int(i) for i in ds.add_instances(frame).tables["instances"].created.index]
        elif what == "remove":
            ds.remove([int(gone.name)])
        elif what == "undo":
            ds.undo()
        elif what == "commit":
            ds.commit(f"commit {value}")
        elif what == "theirs":
            other = Dataset(folder, None)
            assert not other.status()
            other.set([THEIRS], "images", weight=value)
            other.commit(f"theirs {value}")
            other.close()
        elif what == "refresh":
            ds.refresh(keep="mine")
        else:
            create_from(ds, elsewhere).close()
        found = content(ds)
        assert found == after, (what, found, after)
        say(
            "done",
            what=what,
            content=found,
            value=value,
            version=ds.version_id,
            created=created,
            path=str(elsewhere),
        )
        if what in ("commit", "refresh"):
            before.clear()
        elif what == "undo":
            before.pop()
        elif after != now:
            before.append(now)
        now = after


def main() -> None:
    storage._SNAPSHOT_FLOOR = 1500
    for line in sys.stdin:
        folder, seed, at, side = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            dies_at(int(at), side)
            try:
                work(Path(folder), int(seed))
            except BaseException as error:
                say("failed", error=f"{type(error).__name__}: {error}")
                raise
            os._exit(0)
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main()
