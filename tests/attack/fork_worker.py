"""A warm process that forks kernels, which edit a dataset in one thread and fork children in another.

One command a line on stdin, tab-separated: ``FOLDER SEED N``. A kernel edits and forks N children at random
moments; each reads everything, tries every edit, and exits, is killed, or lives on. Then the kernel edits on
until it is killed. All print JSON lines; the worker prints ``gone`` when the kernel has ended.
"""

import copy
import gc
import os
import random
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from telling import SIZE, say, square

from nbalabel.core.errors import ReadOnlyError
from nbalabel.data.dataset.dataset import Dataset


def content(ds: Dataset) -> dict:
    """What counts, in plain values."""
    return {"weights": ds.images["weight"].tolist(), "masks": sorted(ds.instances["x"].tolist())}


def edit(ds: Dataset, seed: int) -> None:
    """Edit until killed; say what is about to be done, and that it is done."""
    rng, now = random.Random(seed), content(ds)
    while True:
        after = {name: list(values) for name, values in now.items()}
        what, row, value = rng.choice("wwpamc"), rng.randrange(6), float(rng.randrange(1, 10_000))
        x = rng.randrange(SIZE - 3)
        if what in "wp":
            after["weights"][row] = value
        elif what == "a":
            after["masks"] = sorted([*after["masks"], float(x)])
        say("try", content=after)
        if what == "m":  # between the edit and its undo, the edit counts
            weights = [value if i == row else weight for i, weight in enumerate(now["weights"])]
            say("try", content={**now, "weights": weights})
        if what == "w":
            ds.set([row], "images", weight=value)
        elif what == "p":
            ds.images = ds.images.assign(weight=after["weights"])
        elif what == "a":
            ds.add_instances(pd.DataFrame({"image_id": [row], "label": ["cod"], "mask": [square(x)]}))
        elif what == "m":
            ds.set([row], "images", weight=value)
            ds.undo()
        else:
            ds.commit("x")
        say("done", content=after)
        now = after


def read_all(ds: Dataset) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = content(ds)
        assert len(found["weights"]) == 6
        assert ds.read_image(3)[0, 0].tolist() == [3, 0, 0]
        assert ds.show(3).size[0] >= SIZE
        assert len(ds.versions) >= 1
        assert len(ds.version("HEAD").images) == 6
        ds.status()
        ds.log()
        ds.diff()
        repr(ds)
        assert len(copy.deepcopy(ds).images) == 6


def edits_of(ds: Dataset) -> list[Callable[[], object]]:
    frame = pd.DataFrame({"image_id": [0], "label": ["cod"], "mask": [square(1)]})
    return [
        lambda: ds.set([0], "images", weight=-1),
        lambda: ds.add_instances(frame),
        lambda: ds.add_images("."),
        lambda: ds.copy_images(),
        lambda: ds.commit("by a child"),
        lambda: ds.checkout("HEAD", discard=True),
        lambda: setattr(ds, "images", ds.images),
        lambda: setattr(ds, "image_root", None),
        ds.sync,
        ds.undo,
        ds.discard,
        ds.refresh,
    ]


def use(ds: Dataset) -> str:
    """What a child finds wrong; "" if nothing."""
    try:
        read_all(ds)
        ds.images.loc[0, "weight"] = -1  # stays in the child's memory
        for attempt in edits_of(ds):
            try:
                attempt()
            except ReadOnlyError:
                continue
            return "an edit was not refused"
        ds.close()
    except Exception:  # noqa: BLE001  # whatever it is, the test must hear of it
        return traceback.format_exc()
    return ""


def kernel(folder: Path, seed: int, n: int) -> None:
    rng = random.Random(seed)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = Dataset(folder)
    say("open", pid=os.getpid())
    threading.Thread(target=edit, args=(ds, seed), daemon=True).start()
    for _ in range(n):
        time.sleep(rng.uniform(0, 0.02))
        end = rng.choice(["exit", "kill", "live"])
        child = os.fork()
        if child == 0:
            say("child", pid=os.getpid(), problem=use(ds), lives=end == "live")
            if end == "live":
                signal.pause()
            elif end == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            del ds
            gc.collect()
            sys.exit()
    threading.Event().wait()


def main() -> None:
    for line in sys.stdin:
        folder, seed, n = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            kernel(Path(folder), int(seed), int(n))
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main()
