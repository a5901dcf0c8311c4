"""Pictures in object storage: listed, measured, read, kept and fetched ahead, from a real S3 server."""

import json
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, FormatError, ImageError, NbalabelWarning
from nbalabel.core.tables.ahead import ahead
from nbalabel.data.images.remote import reading

from .buckets import Buckets
from .test_reading import later


def picture(value: int, width: int = 40, height: int = 30) -> bytes:
    file = BytesIO()
    Image.fromarray(np.full((height, width, 3), value, np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_a_bucket_becomes_a_dataset(buckets: Buckets, tmp_path: Path) -> None:
    for name in ("dive1/f_10.png", "dive1/f_9.png", "dive2/a b#1.png", "notes.txt", ".trash/x.png"):
        buckets.put(f"images/{name}", picture(len(name)))
    ds = nl.read_images("s3://reef/images/", labels=["cod"]).save(tmp_path / "ds")
    folder = "s3://reef/images/"
    assert list(ds.images["file"]) == [
        folder + n for n in ("dive1/f_9.png", "dive1/f_10.png", "dive2/a b#1.png")
    ]
    assert ds.images["width"].tolist() == [40] * 3
    assert ds.images["height"].tolist() == [30] * 3
    assert ds.images["frame"].tolist()[:2] == [9, 10]
    assert ds.image_root is None
    assert ds.read_image(3).mean() == len("dive2/a b#1.png")
    assert np.asarray(ds.show(1)).mean() != 96, "shown, not gray"


def test_the_next_session_is_warm_and_needs_leave(
    buckets: Buckets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buckets.put("a.png", picture(7))
    ds = nl.read_images("s3://reef/").save(tmp_path / "ds")
    ds.read_image(1)
    monkeypatch.setattr("nbalabel.data.images.remote.places._ALLOWED", [])
    with pytest.raises(ImageError, match=r"nl.allow_images_from\('s3://reef'\)"):
        ds.read_image(1)
    nl.allow_images_from("s3://reef")
    buckets.asked.clear()
    assert ds.read_image(1).mean() == 7
    assert buckets.asked == []


def test_an_object_that_has_changed_is_fetched_after_a_day(buckets: Buckets, cache: Path) -> None:
    url = buckets.put("a.png", picture(7))
    nl.allow_images_from("s3://reef")
    assert reading.content(url) == picture(7)
    later(cache)
    assert reading.content(url) == picture(7)
    assert [method for method, _ in buckets.asked] == ["GET", "HEAD"], (
        "the MD5 is the same: nothing is fetched"
    )
    buckets.put("a.png", picture(9))
    buckets.system.invalidate_cache()
    later(cache)
    assert reading.content(url) == picture(9)


def test_an_object_that_is_missing_says_so(buckets: Buckets) -> None:
    nl.allow_images_from("s3://reef")
    with pytest.raises(ImageError, match=r"s3://reef/none\.png is missing"):
        reading.content("s3://reef/none.png")


def test_labels_here_and_pictures_there(buckets: Buckets, tmp_path: Path) -> None:
    buckets.put("images/a.png", picture(3))
    square = [[1, 1, 9, 1, 9, 9, 1, 9]]
    document = {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": square}],
        "categories": [{"id": 1, "name": "cod"}],
    }
    file = tmp_path / "instances.json"
    file.write_text(json.dumps(document))
    tables = nl.read_coco(file, images="s3://reef/images")
    assert tables.images[["file", "width", "height"]].values.tolist() == [["s3://reef/images/a.png", 40, 30]]
    assert tables.read_image(1).shape == (30, 40, 3)
    assert "URLs" in repr(tables._facts())


def test_sizes_are_asked_for_side_by_side(buckets: Buckets) -> None:
    for i in range(40):
        buckets.put(f"{i}.png", picture(i))
    buckets.asked.clear()
    buckets.seconds, buckets.most = 0.1, 0
    tables = nl.read_images("s3://reef/")
    assert len(tables.images) == 40
    assert buckets.most >= 8, "of 16 that may be in flight"
    assert len(buckets.asked) <= 42, "one request an image, and the listing"


def test_pictures_come_ahead_of_a_loop(buckets: Buckets, tmp_path: Path) -> None:
    for i in range(40):
        buckets.put(f"{i:02}.png", picture(i))
    tables = nl.read_images("s3://reef/").save(tmp_path / "ds")
    buckets.asked.clear()
    buckets.seconds, buckets.most = 0.1, 0
    read = [int(tables.read_image(i).mean()) for i in ahead(tables, tables.images.index.tolist())]
    assert read == list(range(40))
    assert buckets.most >= 8
    assert len(buckets.asked) == 40, "each once"


def test_a_busy_storage_is_asked_again(buckets: Buckets) -> None:
    url = buckets.put("a.png", picture(7))
    nl.allow_images_from("s3://reef")
    buckets.busy = 2
    assert reading.content(url) == picture(7)


def test_the_same_picture_twice_is_told_without_fetching(buckets: Buckets) -> None:
    for name in ("a.png", "b.png"):
        buckets.put(name, picture(7))
    buckets.put("c.png", picture(8))
    with pytest.warns(NbalabelWarning, match="1 files hold the same picture.*b.png"):
        tables = nl.read_images("s3://reef/", duplicates="drop")
    assert [file.rpartition("/")[2] for file in tables.images["file"]] == ["a.png", "c.png"]


def test_new_pictures_of_a_bucket_are_added(buckets: Buckets, tmp_path: Path) -> None:
    buckets.put("a.png", picture(1))
    ds = nl.read_images("s3://reef/", labels=["cod"]).save(tmp_path / "ds")
    buckets.put("b.png", picture(2))
    buckets.system.invalidate_cache()
    ds.add_images("s3://reef/")
    assert list(ds.images["file"]) == ["s3://reef/a.png", "s3://reef/b.png"]
    assert ds.read_image(2).mean() == 2
    ds.add_images("s3://reef/")
    assert len(ds.images) == 2
    with pytest.raises(DataError, match="copy=True is for files of this machine"):
        ds.add_images("s3://reef/", copy=True)


def test_a_folder_that_is_not_there_or_cannot_be_listed(buckets: Buckets) -> None:
    with pytest.raises(FormatError, match=r"cannot be listed|there is no folder"):
        nl.read_images("s3://nowhere/images/")
    with pytest.raises(FormatError, match="there is no folder s3://reef/none/"):
        nl.read_images("s3://reef/none/")
    with pytest.raises(FormatError, match="web server does not say which files it has"):
        nl.read_images("https://example.org/reef/")
    with pytest.raises(FormatError, match="cannot be a folder of pictures"):
        nl.read_images("file:///etc/")
    with pytest.raises(FormatError, match="cannot be a folder of pictures"):
        nl.read_images("zip://a.png::s3://reef/")


@pytest.mark.parametrize(
    "act",
    [
        lambda tables: tables.save("s3://reef/ds"),
        lambda _: nl.open("s3://reef/ds"),
        lambda _: nl.create("s3://reef/ds"),
        lambda tables: nl.write_coco(tables, "s3://reef/a.json"),
        lambda tables: nl.write_yolo(tables, "s3://reef/yolo"),
        lambda _: nl.read_yolo("s3://reef/yolo"),
        lambda _: nl.read_coco("s3://reef/a.json"),
        lambda tables: nl.hand_out(tables, tables.images, "s3://reef/a.zip", to="coco"),
        lambda tables: nl.take_back(tables, "s3://reef/a.zip"),
        lambda _: nl.Run.load("s3://reef/run"),
    ],
)
def test_what_must_lie_here_is_refused_elsewhere(
    act, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dataset saved to s3://reef/ds was once a folder "s3:" of the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.png").write_bytes(picture(1))
    tables = nl.read_images(tmp_path)
    with pytest.raises(DataError, match="must be a path on this machine"):
        act(tables)
    assert not (tmp_path / "s3:").exists()


def test_a_slow_bucket_costs_little_more_than_a_disk(buckets: Buckets, tmp_path: Path) -> None:
    """Not a measurement: one after the other, 64 pictures of 0.1 s would take 6.4 s."""
    for i in range(64):
        buckets.put(f"{i:02}.png", picture(i))
    tables = nl.read_images("s3://reef/")
    buckets.seconds = 0.1
    begin = time.monotonic()
    for image_id in ahead(tables, tables.images.index.tolist()):
        tables.read_image(image_id)
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize("how", ["yolo", "coco", "labelme", "cvat", "save"])
def test_pictures_of_a_bucket_go_along_with_an_export(buckets: Buckets, tmp_path: Path, how: str) -> None:
    for name in ("dive1/a.png", "dive2/a.png"):
        buckets.put(f"images/{name}", picture(ord(name[4])))
    ds = nl.read_images("s3://reef/images/", labels=["cod"]).save(tmp_path / "ds")
    ds.add_instances(pd.DataFrame({"image_id": [1, 2], "label": "cod", "mask": [square()] * 2}))
    there = tmp_path / "out"
    if how == "save":
        other = ds.save(there, copy_images=True)
    elif how == "coco":
        nl.write_coco(ds, there / "a.json", images="copy")
        other = nl.read_coco(there / "a.json", images=there / "images")
    else:
        target = there / "a.xml" if how == "cvat" else there
        getattr(nl, f"write_{how}")(ds, target, images="copy")
        read = getattr(nl, f"read_{how}")
        other = read(target, images=there / "images") if how == "cvat" else read(there)
    assert len(other.instances) == 2
    values = sorted(int(other.read_image(i).mean()) for i in other.images.index)
    assert values == sorted(ord(n) for n in "12")


def square() -> bytes:
    from nbalabel.core.geometry.masks import rle

    mask = np.zeros((30, 40), bool)
    mask[5:15, 5:15] = True
    return rle.encode(mask)
