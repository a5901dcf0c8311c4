"""Shape columns: which rows are measured, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.geometry.shapes.measure import MEASURES
from nbalabel.core.shapes import kept as module
from nbalabel.core.shapes.kept import Kept
from nbalabel.core.shapes.pictured import pictured

PLAIN = ["islands", "holes", "perimeter", "solidity", "aspect", "centre_x", "centre_y", "border"]


@pytest.fixture(scope="module")
def ds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[nl.Dataset]:
    ds = nl.demo.reef(
        tmp_path_factory.mktemp("reef") / "reef.nbal", n_images=32, n_labeled=32, n_test=0, size=128
    )
    yield ds
    ds.close()


def square(at: int, side: int = 8, size: int = 32) -> bytes:
    mask = np.zeros((size, size), bool)
    mask[at : at + side, at : at + side] = True
    return rle.encode(mask)


def rows(masks: list[bytes], image_ids: list[int] | None = None) -> pd.DataFrame:
    return pd.DataFrame({"image_id": image_ids or [0] * len(masks), "mask": masks})


IMAGES = pd.DataFrame({"height": [32, 32], "width": [32, 32]}, index=[0, 1])


def no_pixels(_: int) -> Any:
    raise AssertionError("no picture is read")


def test_all_instances_are_measured_without_pictures(ds: nl.Dataset) -> None:
    found = nl.shapes(ds)
    assert list(found.columns) == PLAIN
    assert found.index.equals(ds.instances.index)
    assert (found["solidity"] > 0).all()
    assert (found["aspect"] >= 1).all()


def test_some_rows_are_measured_in_their_order(ds: nl.Dataset) -> None:
    ids = ds.instances.index[[5, 2]]
    everything = nl.shapes(ds)
    for some in (ids, list(ids), ds.instances.loc[ids], ds.instances.loc[ids, "label"]):
        assert nl.shapes(ds, some, ["aspect"]).equals(everything.loc[ids, ["aspect"]])


def test_rows_from_elsewhere_bring_their_masks(ds: nl.Dataset) -> None:
    other = ds.instances.iloc[:3].set_index(pd.Index([900, 901, 902]))
    assert nl.shapes(ds, other)["perimeter"].tolist() == nl.shapes(ds)["perimeter"].tolist()[:3]


def test_what_is_not_there_is_refused(ds: nl.Dataset) -> None:
    with pytest.raises(UnknownNameError, match=r"no rows 987654"):
        nl.shapes(ds, [987654])
    with pytest.raises(
        UnknownNameError, match=r"no shape column is called 'solidty'; did you mean 'solidity'"
    ):
        nl.shapes(ds, columns=["solidty"])
    twice = pd.concat([ds.instances.iloc[:1]] * 2)
    with pytest.raises(DataError, match="rows must have unique ids, repeated"):
        nl.shapes(ds, twice)


def test_a_run_needs_tables() -> None:
    with pytest.raises(DataError, match=r"r1 holds no tables: load it with Run\.load"):
        nl.shapes(nl.Run(id="r1", kind="predict"))


def test_pictures_say_where_the_outline_lies() -> None:
    pixels = np.random.default_rng(0).integers(90, 110, (32, 32, 3)).astype(np.uint8)
    pixels[8:16, 8:16] += 100
    on, off = pictured(rows([square(8), square(12)]), lambda _: pixels)
    assert on[0] > 3 * off[0], "contrast at the outline of the bright square"
    assert on[1] > 1.5 * off[1]
    flat = np.full((32, 32, 3), 80, np.uint8)
    assert pictured(rows([square(8)]), lambda _: flat)[0].tolist() == [0, 1]


def test_no_picture_and_tiny_masks_give_nothing() -> None:
    flat = np.full((32, 32, 3), 80, np.uint8)
    found = pictured(
        rows([square(8), square(8), square(8, side=2)], [0, 1, 1]), lambda i: flat if i else None
    )
    assert np.isnan(found).all(axis=1).tolist() == [True, False, True]


def test_only_changed_masks_are_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    real = module.measure

    def counted(masks: Any, sizes: Any, names: Any) -> Any:
        counts.append(len(masks))
        return real(masks, sizes, names)

    monkeypatch.setattr(module, "measure", counted)
    kept, frame = Kept(), rows([square(2), square(4), square(6)])
    first = kept.columns(frame, IMAGES, ["centre_x", "islands"], no_pixels)
    assert kept.columns(frame, IMAGES, ["islands"], no_pixels)["islands"].tolist() == [1, 1, 1]
    assert counts == [3], "nothing has changed"
    other = frame.copy()
    other["mask"] = [square(2), square(9), square(6)]
    other = pd.concat([other, rows([square(1)]).set_axis([7])]).iloc[[3, 1, 0, 2]]
    second = kept.columns(other, IMAGES, ["centre_x"], no_pixels)
    assert counts == [3, 2], "one is new, one has another mask"
    assert second["centre_x"].tolist() == [5 / 32, 13 / 32, *first["centre_x"][[0, 2]]]
    assert kept.columns(other, IMAGES, ["islands"], no_pixels)["islands"].tolist() == [1] * 4
    assert counts == [3, 2]


def test_images_of_another_size_are_measured_again() -> None:
    kept, frame = Kept(), rows([square(8)])
    wide = IMAGES.assign(height=16, width=64)
    before = kept.columns(frame, IMAGES, ["centre_x"], no_pixels)["centre_x"][0]
    assert before != kept.columns(frame, wide, ["centre_x"], no_pixels)["centre_x"][0]


def test_tables_may_become_empty_and_full_again() -> None:
    kept, frame = Kept(), rows([square(8), square(4)])
    for part in (frame.iloc[:0], frame, frame.iloc[:0], frame):
        found = kept.columns(part, IMAGES, MEASURES, no_pixels)
        assert {len(values) for values in found.values()} == {len(part)}
    assert found["islands"].dtype == np.int64
    assert found["centre_x"].tolist() == [12 / 32, 8 / 32]
