"""Commit 1,000 edited rows of 1,000,000, open them with masks, filter them: nbalabel against other formats.

python benchmarks/storage.py            1,000,000 instances
python benchmarks/storage.py --quick    a tenth of it

Lance and Delta Lake are measured where they are installed (``pip install pylance deltalake``).
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from report import Row, against, human, show

from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables import schema
from nbalabel.core.tables.arrays import put, take, values
from nbalabel.core.tables.state import State
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.store.storage import Store

LABELS = tuple("abcdefgh")
N_EDITED = 1000


class SyncTime:
    """Seconds spent in fsync, waiting for the disk, which no format can avoid."""

    def __init__(self) -> None:
        self.seconds, self._real = 0.0, os.fsync
        os.fsync = self._timed

    def _timed(self, handle: int) -> None:
        start = time.perf_counter()
        self._real(handle)
        self.seconds += time.perf_counter() - start


def synthesize(n: int, seed: int = 0) -> State:
    """``n`` instances, ten per image, with round masks of about 114 bytes."""
    rng = np.random.default_rng(seed)
    y, x = np.ogrid[:480, :640]
    discs = [
        rle.encode((y - rng.integers(480)) ** 2 + (x - rng.integers(640)) ** 2 < rng.integers(15, 60) ** 2)
        for _ in range(min(n, 20_000))
    ]
    n_images = max(n // 10, 1)
    files = [f"clip/{i:07d}.jpg" for i in range(n_images)]
    images = schema.conform(pd.DataFrame({"file": files, "width": 640, "height": 480}), "images")
    masks = pa.array(discs, pa.large_binary()).take(pa.array(rng.integers(0, len(discs), n)))
    instances = pd.DataFrame(
        {
            "image_id": np.sort(rng.integers(0, n_images, n)),
            "label": pd.Categorical.from_codes(rng.integers(0, 8, n), categories=list(LABELS)),
            "mask": pd.array(masks, dtype=schema.MASK_DTYPE),
            "score": rng.random(n).astype(np.float32),
            "origin": pd.array([f"run-{i % 7}" for i in range(n)], dtype="str"),
        }
    )
    instances = schema.conform(instances, "instances", LABELS, np.full(n, 480))
    return State(
        {"images": images, "instances": instances, "rejected": schema.empty("rejected", LABELS)}, LABELS
    )


def timed(run: Callable[[], object], repeat: int) -> float:
    """Median seconds; the result of a run is dropped before the next run."""
    seconds = []
    for _ in range(repeat):
        gc.collect()
        start = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - start)
        del result
    return statistics.median(seconds)


def ours(state: State, folder: Path, rows: np.ndarray, rng: np.random.Generator) -> dict[str, float]:
    """Measure nbalabel."""
    out = {}
    start = time.perf_counter()
    Store.create(folder, state, {"image_root": None}, "import", "benchmark")
    out["create"] = time.perf_counter() - start
    out["open"] = timed(lambda: _opened(folder), 5)
    sync = SyncTime()
    ds = Dataset(folder)
    edits, commits, beyond, sizes = [], [], [], []
    for _ in range(40):
        score = rng.random(len(rows)).astype(np.float32)
        start = time.perf_counter()
        ds.set(rows, score=score)
        edits.append(time.perf_counter() - start)
        sync.seconds, start = 0.0, time.perf_counter()
        version = ds.commit("edit")
        commits.append(time.perf_counter() - start)
        beyond.append(commits[-1] - sync.seconds)
        sizes.append((folder / "versions" / f"{version.id}.nbv").stat().st_size)
    out |= {"edit": statistics.median(edits), "commit": statistics.median(commits)}
    out |= {"beyond": statistics.median(beyond), "worst": max(beyond), "bytes": statistics.median(sizes)}
    i = ds.instances
    wanted = lambda: i.index[(i["label"] == "a") & (i["score"] > 0.5) & (i["area"] > 1000)]  # noqa: E731
    out["filter"] = timed(wanted, 20)
    out["rows"] = timed(lambda: i[(i["label"] == "a") & (i["score"] > 0.5) & (i["area"] > 1000)], 5)
    masks = list(take(i["mask"].array, rows[::-1]))
    start = time.perf_counter()
    ds.set(rows, mask=masks)
    out["masks"] = time.perf_counter() - start
    start = time.perf_counter()
    version = ds.commit("masks")
    out["commit_masks"] = time.perf_counter() - start
    out["bytes_masks"] = (folder / "versions" / f"{version.id}.nbv").stat().st_size
    ds.close()
    return out


def many_versions(folder: Path, rows: int, n_versions: int, rng: np.random.Generator) -> dict[str, float]:
    """Measure opening after many versions, and opening of the same rows in a fresh dataset."""
    ds = Dataset(folder)
    slowest = 0.0
    for _ in range(n_versions):
        ids = np.sort(rng.choice(len(ds.instances), rows, replace=False))
        ds.set(ids, score=rng.random(rows).astype(np.float32))
        start = time.perf_counter()
        ds.commit("edit")
        slowest = max(slowest, time.perf_counter() - start)
    state = ds._session.state
    ds.close()
    fresh = folder.with_name("fresh.nbal")
    Store.create(fresh, state, {"image_root": None}, "import", "benchmark")
    return {
        "open": timed(lambda: _opened(folder), 5),
        "fresh": timed(lambda: _opened(fresh), 5),
        "slowest": slowest,
        "bytes": sum(f.stat().st_size for name in ("versions", "skips") for f in (folder / name).iterdir()),
    }


def _opened(folder: Path) -> int:
    ds = Dataset(folder)
    n = len(ds.instances["mask"])
    ds.close()
    return n


def arrow_of(state: State) -> pa.Table:
    """The instances as one plain Arrow table."""
    return pa.Table.from_pandas(state.tables["instances"], preserve_index=True)


def parquet(state: State, folder: Path, rows: np.ndarray) -> dict[str, float]:
    """Rewrite the whole table, or write only the edited rows, or only the edited cells."""
    folder.mkdir()
    table = arrow_of(state)
    full, sparse, cells = folder / "all.parquet", folder / "rows.parquet", folder / "cells.parquet"
    ids = pa.array(rows)
    return {
        "rewrite": timed(lambda: pq.write_table(table, full), 3),
        "rewrite_bytes": full.stat().st_size,
        "rows": timed(lambda: pq.write_table(table.take(ids), sparse), 10),
        "rows_bytes": sparse.stat().st_size,
        "cells": timed(lambda: pq.write_table(table.select(["instance_id", "score"]).take(ids), cells), 10),
        "cells_bytes": cells.stat().st_size,
        "open": timed(lambda: pq.read_table(full).to_pandas(), 3),
    }


def lance_merge(state: State, folder: Path, rows: np.ndarray) -> dict[str, float]:
    """Lance: merge the edited rows in."""
    import lance

    table = arrow_of(state)
    at = table.schema.get_field_index("label")
    table = table.set_column(at, "label", table["label"].cast(pa.string()))
    dataset: Any = lance.write_dataset(_plain(table), str(folder))
    edited = _plain(table).take(pa.array(rows))
    before = _size(folder)

    def merge() -> None:
        dataset.merge_insert("instance_id").when_matched_update_all().execute(edited)

    seconds = timed(merge, 3)
    return {
        "commit": seconds,
        "bytes": (_size(folder) - before) / 3,
        "open": timed(lambda: _lance(folder), 3),
    }


def _lance(folder: Path) -> pd.DataFrame:
    import lance

    return lance.dataset(str(folder)).to_table().to_pandas()


def delta_merge(state: State, folder: Path, rows: np.ndarray) -> dict[str, float]:
    """Delta Lake: merge the edited rows in."""
    import deltalake

    table = _plain(arrow_of(state))
    deltalake.write_deltalake(str(folder), table)
    edited = table.take(pa.array(rows))
    before = _size(folder)

    def merge() -> None:
        target = deltalake.DeltaTable(str(folder))
        match = target.merge(edited, "t.instance_id = s.instance_id", source_alias="s", target_alias="t")
        match.when_matched_update_all().execute()

    seconds = timed(merge, 1)
    opened = timed(lambda: deltalake.DeltaTable(str(folder)).to_pandas(), 1)
    return {"commit": seconds, "bytes": _size(folder) - before, "open": opened}


def _plain(table: pa.Table) -> pa.Table:
    """A table without dictionary columns, which not all table formats accept."""
    columns = [c.cast(pa.string()) if pa.types.is_dictionary(c.type) else c for c in table.columns]
    return pa.table(columns, names=table.column_names)


def _size(folder: Path) -> int:
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def kb(n: float) -> str:
    return f"{n / 1e6:.1f} MB" if n >= 1e6 else f"{n / 1e3:.1f} KB"


def raw_masks(state: State, rows: np.ndarray) -> float:
    """Seconds to replace 1,000 masks in the column of all, which rewrites an Arrow column."""
    masks = values(state.tables["instances"]["mask"])
    return timed(lambda: put(masks, rows, take(masks, rows[::-1])), 5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument(
        "--versions", type=int, default=1000, help="versions before opening is measured again"
    )
    arguments = parser.parse_args()
    n = 100_000 if arguments.quick else 1_000_000
    rng = np.random.default_rng(1)
    state = synthesize(n)
    rows = np.sort(rng.choice(n, N_EDITED, replace=False))
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        mine = ours(state, folder / "ours.nbal", rows, rng)
        plain = parquet(state, folder / "parquet", rows)
        after = many_versions(folder / "ours.nbal", N_EDITED, arguments.versions, rng)
        task = f"commit of {N_EDITED:,} edited rows"
        table = [
            against(
                f"{task}, whole parquet anew ({kb(plain['rewrite_bytes'])})",
                mine["commit"],
                "parquet",
                plain["rewrite"],
            ),
            against(
                f"{task}, edited rows as parquet, unchecked ({kb(plain['rows_bytes'])})",
                mine["commit"],
                "parquet",
                plain["rows"],
            ),
            against(
                f"{task}, edited cells as parquet, unchecked ({kb(plain['cells_bytes'])})",
                mine["commit"],
                "parquet",
                plain["cells"],
            ),
        ]
        for module, title, run in (("lance", "Lance", lance_merge), ("deltalake", "Delta Lake", delta_merge)):
            if find_spec(module) is None:
                table.append(Row(f"{task}, {title}", human(mine["commit"]), "not installed"))
                continue
            peer = run(state, folder / module, rows)
            table.append(
                against(f"{task}, {title} ({kb(peer['bytes'])})", mine["commit"], title, peer["commit"])
            )
            table.append(
                against(f"open {n:,} instances with masks, {title}", mine["open"], title, peer["open"])
            )
        table += [
            Row(
                "… of which beyond fsync: median, worst of 40",
                f"{human(mine['beyond'])}, {human(mine['worst'])}",
                target="≤ 10 ms",
            ),
            Row(
                "… bytes written for 1,000 new scores", kb(mine["bytes"]), target="in proportion to the cells"
            ),
            Row("the edit itself, checked and journaled", human(mine["edit"])),
            Row(
                "1,000 masks edited; committed",
                f"{human(mine['masks'])}; {human(mine['commit_masks'])}, {kb(mine['bytes_masks'])}",
                f"the column alone {human(raw_masks(state, rows))}",
            ),
            against(
                f"open {n:,} instances with masks, all checksums",
                mine["open"],
                "parquet",
                plain["open"],
                "≤ 1.2 s",
            ),
            Row(
                "filter by three predicates: ids; whole rows",
                f"{human(mine['filter'])}; {human(mine['rows'])}",
                target="≤ 5 ms",
            ),
            Row(
                f"open after {arguments.versions:,} versions",
                human(after["open"]),
                f"fresh base {human(after['fresh'])}",
                after["fresh"] / after["open"],
                "≥ 0.67x",
            ),
            Row(
                f"{arguments.versions:,} versions: all their files; slowest commit",
                f"{kb(after['bytes'])}; {human(after['slowest'])}",
            ),
            Row(f"first version of {n:,} instances", human(mine["create"])),
        ]
        show(f"Storage, {n:,} instances, {N_EDITED:,} edited", table)


if __name__ == "__main__":
    main()
