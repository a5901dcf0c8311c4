"""What an edit of 1,000 among 1,000,000 instances costs: with five attributes, and with five plain columns.

The columns have the same dtypes, so that the difference is what the declarations cost. Median CPU time.

    python benchmarks/ontology.py
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

import nbalabel as nl

N, ROWS, REPEATS = 1_000_000, np.arange(1000) * 7, 9


def dataset(folder: str) -> nl.Dataset:
    """A million squares of two labels on ten thousand images."""
    square = np.zeros((32, 32), bool)
    square[4:12, 4:12] = True
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(N // 100)], "width": 32, "height": 32})
    labels = pd.Categorical.from_codes(np.arange(N) % 2, ["cod", "ling"])
    instances = pd.DataFrame(
        {"image_id": np.arange(N) // 100, "label": labels, "mask": [nl.encode_mask(square)] * N}
    )
    return nl.Tables.of(images, instances, ["cod", "ling"]).save(folder)


def give_columns(ds: nl.Dataset) -> None:
    """Five plain columns."""
    ds.instances["sex"] = pd.Categorical.from_codes(np.full(N, -1), ["f", "m"])
    ds.instances["stage"] = pd.Categorical.from_codes(np.full(N, -1), ["a", "b"])
    ds.instances["length"] = pd.array([pd.NA] * N, dtype="Float64")
    ds.instances["ripe"] = pd.array([pd.NA] * N, dtype="boolean")
    ds.instances["remark"] = pd.Series([None] * N, dtype="str", index=ds.instances.index)
    ds.sync()


def give_attributes(ds: nl.Dataset) -> None:
    """Five attributes, two of them with a condition."""
    ds.ask("sex", options=["f", "m"], where="label == 'cod'", required=True)
    ds.ask("stage", options=["a", "b"])
    ds.ask("length", kind="number", low=0, high=200)
    ds.ask("ripe", kind="yes/no", where="sex == 'f'")
    ds.ask("remark", kind="text")


def cpu(work: Callable[[int], object]) -> float:
    """Median CPU time, milliseconds."""
    taken = []
    for i in range(REPEATS):
        start = time.process_time()
        work(i)
        taken.append(time.process_time() - start)
    return 1000 * statistics.median(taken)


def edits(ds: nl.Dataset) -> dict[str, float]:
    """The cost of each kind of edit, milliseconds."""

    def by_hand(i: int) -> None:
        ds.instances.loc[ROWS, "length"] = float(i + 50)
        ds.sync()

    return {
        "ds.set(rows, status=...)": cpu(lambda i: ds.set(ROWS, status=("verified", "accepted")[i % 2])),
        "ds.set(rows, length=...)": cpu(lambda i: ds.set(ROWS, length=float(i + 1))),
        "ds.instances.loc[rows, 'length'] = ...": cpu(by_hand),
    }


def main() -> None:
    folder = tempfile.mkdtemp()
    found = {}
    for name, give in (("plain columns", give_columns), ("attributes", give_attributes)):
        with dataset(f"{folder}/{name}.nbal") as ds:
            give(ds)
            found[name] = edits(ds)
            if name == "attributes":
                print(f"ds.unanswered(): {cpu(lambda _, ds=ds: ds.unanswered()):.0f} ms")
    print(pd.DataFrame(found).round(1).to_string())


if __name__ == "__main__":
    main()
