"""Cells assign in the frames while a view edits and commits in another thread: every assignment counts."""

import sys
import threading

import pandas as pd
import pytest

from nbalabel.core.tables import schema
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.tables.tables import Tables

N = 400


@pytest.fixture
def ds(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(N)], "width": 16, "height": 16})
    dataset = Tables.of(images, schema.empty("instances", ["cod"]), ["cod"]).save(tmp_path / "x.nbal")
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield dataset
    sys.setswitchinterval(before)
    dataset.close()


def test_every_assignment_of_a_cell_counts_however_tight_the_race_with_a_view(ds, rounds, rng):
    """Odd rows are the cell's; the view goes on until the cell has assigned all of its own."""
    n = rounds(40, N // 2)
    over, failed = threading.Event(), list[BaseException]()

    def view() -> None:
        step = 0
        try:
            while not over.is_set():
                ds.set([0], "images", weight=step + 2)
                if step % 3 == 1:
                    ds.images["n"] = step  # a view's own direct edit, and a column the cell knows nothing of
                    ds.sync()
                if step % 7 == 6:
                    ds.commit("of the view")
                step += 1
        except BaseException as error:  # noqa: BLE001  # shown below
            failed.append(error)

    thread = threading.Thread(target=view)
    thread.start()
    rows = [2 * i + 1 for i in range(n)]
    rng.shuffle(rows)
    for row in rows:
        ds.images.loc[row, "weight"] = row + 10
    over.set()
    thread.join()
    assert not failed, failed
    ds.sync()
    found = ds.images.loc[sorted(rows), "weight"].tolist()
    assert found == [row + 10 for row in sorted(rows)]
    ds.close()
    again = Dataset(ds.folder)
    assert again.images.loc[sorted(rows), "weight"].tolist() == found
    again.close()
