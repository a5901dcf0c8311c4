"""Pictures of a dataset are read without looking through its tables for edits."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.data.working.working_copy import WorkingCopy


@pytest.fixture
def ds(tmp_path: Path) -> nl.Dataset:
    for name, gray in (("a.png", 9), ("b.png", 70)):
        Image.new("L", (4, 3), gray).save(tmp_path / name)
    rows = pd.DataFrame({"file": ["a.png", "b.png"], "width": 4, "height": 3}, index=[5, 8])
    ds = nl.create(tmp_path / "ds.nbal", ["fish"], image_root=tmp_path)
    ds.add_images(rows)
    return ds


def test_a_picture_is_read_without_a_sync(ds: nl.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the whole working copy was looked through for one picture")

    first, second = ds.images.index
    monkeypatch.setattr(WorkingCopy, "sync", refuse)
    monkeypatch.setattr(WorkingCopy, "peek", refuse)
    assert [int(ds.read_image(i).max()) for i in (first, second)] == [9, 70]
    with pytest.raises(UnknownNameError, match="no image has the id 99"):
        ds.read_image(99)


def test_a_file_assigned_just_now_is_read(ds: nl.Dataset) -> None:
    first = ds.images.index[0]
    ds.images.loc[first, "file"] = "b.png"
    assert ds.read_image(first).max() == 70
    assert ds.status(), "the assignment is journaled at the next look"
    ds.undo()
    assert ds.read_image(first).max() == 9


def test_a_table_that_cannot_be_read_from_is_refused_as_ever(ds: nl.Dataset) -> None:
    first = ds.images.index[0]
    ds.images["file"] = [1.5, 2.5]
    with pytest.raises(DataError, match="file"):
        ds.read_image(first)
    assert ds.read_image(first).max() == 9, "the refused edit is taken back"


def test_threads_read_while_the_tables_are_edited(ds: nl.Dataset) -> None:
    first, second = ds.images.index
    found: list[int] = []
    errors: list[Exception] = []

    def read() -> None:
        try:
            found.extend(int(ds.read_image(second).max()) for _ in range(30))
        except Exception as error:  # noqa: BLE001  # shown below
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for weight in np.linspace(0.1, 0.9, 20):
        ds.set(first, "images", weight=float(weight))
    for reader in readers:
        reader.join()
    assert not errors
    assert set(found) == {70}
