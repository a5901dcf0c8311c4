"""Peers of the steps of a saved Run in ``scale.py``: the same rows in Lance, and in Parquet read by Daft.

They run in an interpreter of their own (``--peers``), which has pylance, daft and pyarrow. As ours, each step
is done once before on the same data, then measured on what was opened anew.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

Call = Callable[[], object]

WHERE = "iou < 0.2 and score > 0.6"


def _lance(folder: Path) -> Path:
    import lance
    from pyarrow import parquet

    path = folder / "run.lance"
    if not path.exists():
        file = parquet.ParquetFile(folder / "run.parquet")
        ids = 0

        def batches():
            nonlocal ids
            import pyarrow as pa

            for batch in file.iter_batches(200_000):
                ids += len(batch)
                made = pa.array(np.arange(ids - len(batch), ids))
                names = [*batch.schema.names, "id"]
                yield pa.record_batch([_plain(column) for column in (*batch.columns, made)], names)

        first = next(batches())
        ids = 0
        lance.write_dataset(batches(), path, schema=first.schema)
    return path


def _plain(column):
    return column.dictionary_decode() if hasattr(column, "dictionary_decode") else column


def _anew(prepare: Callable[[], object], call: Callable[[object], object]) -> Call:
    call(prepare())
    fresh = prepare()
    return lambda: call(fresh)


def lance_load(n: int, folder: Path) -> Call:  # noqa: ARG001
    """Open the dataset."""
    import lance

    path = _lance(folder)
    lance.dataset(path)
    return lambda: lance.dataset(path)


def lance_query(n: int, folder: Path) -> Call:  # noqa: ARG001
    """Ids of the rows that two conditions hold for."""
    import lance

    path = _lance(folder)
    return _anew(lambda: lance.dataset(path), lambda ds: ds.to_table(columns=["id"], filter=WHERE))


def lance_rows(n: int, folder: Path) -> Call:  # noqa: ARG001
    """These rows, all columns but the mask."""
    import lance

    path = _lance(folder)
    names = [name for name in lance.dataset(path).schema.names if name != "mask"]
    return _anew(lambda: lance.dataset(path), lambda ds: ds.to_table(columns=names, filter=WHERE))


def lance_masks(n: int, folder: Path) -> Call:
    """1,000 masks anywhere, by position, 100 times."""
    import lance

    path = _lance(folder)
    at = np.random.default_rng(0).choice(n, 1000, replace=False)
    take = lambda ds: [ds.take(at, columns=["mask"]) for _ in range(100)]  # noqa: E731
    return _anew(lambda: lance.dataset(path), take)


def daft_query(n: int, folder: Path) -> Call:  # noqa: ARG001
    """The rows that two conditions hold for, one column of them, of Parquet."""
    import daft

    def call() -> object:
        frame = daft.read_parquet(str(folder / "run.parquet"))
        return frame.where((daft.col("iou") < 0.2) & (daft.col("score") > 0.6)).select("image_id").to_arrow()

    call()
    return call


PEERS: dict[str, Callable[[int, Path], Call]] = {
    step.__name__: step for step in (lance_load, lance_query, lance_rows, lance_masks, daft_query)
}
