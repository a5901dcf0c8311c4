"""Thumbnails and the pixels of images: what the browser gets of files of all kinds."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import ImageError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.show.display import Display
from nbalabel.core.tables.schema import conform
from nbalabel.data.images import files
from nbalabel.widgets.pixels import imagery
from nbalabel.widgets.pixels.pictures import outlined, pictures_of, thumbnail_bytes


def opened(data):
    return Image.open(io.BytesIO(data))


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "images"
    root.mkdir()
    return root


@pytest.fixture
def workspace(tmp_path, folder):
    """A workspace of files written by a function of the folder, each with one square mask."""

    def make(**writers):
        rows = []
        for name, write in writers.items():
            file = write(folder, name)
            rows.append((file.name, *files.image_size(file)))
        frame = pd.DataFrame(rows, columns=["file", "width", "height"])
        masks = []
        for width, height in zip(frame["width"], frame["height"], strict=True):
            mask = np.zeros((height, width), bool)
            mask[height // 4 : height // 2 + 1, width // 4 : width // 2 + 1] = True
            masks.append(rle.encode(mask))
        rows = {"image_id": frame.index, "label": "cell", "mask": masks}
        instances = conform(pd.DataFrame(rows), "instances", ["cell"], frame["height"].to_numpy())
        tables = nl.Tables.of(frame, instances, ["cell"], folder)
        return nl.Workspace(tables.save(tmp_path / "d.nbal"))

    return make


def save(pixels, ending, **options):
    def write(folder, name):
        file = folder / f"{name}.{ending}"
        picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
        picture.save(file, **options)
        return file

    return write


def noise(height, width, channels=3, dtype=np.uint8):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape).astype(dtype)


def test_a_thumbnail_of_an_image_fits_the_size_and_is_kept(workspace):
    ws = workspace(a=save(noise(200, 400), "jpg"))
    data = thumbnail_bytes(ws, "images", 0, 96)
    assert opened(data).size == (96, 48)
    assert thumbnail_bytes(ws, "images", 0, 96) is data
    assert len(pictures_of(ws).encoded) == 1


def test_a_thumbnail_of_a_mask_shows_its_surroundings_and_its_outline(workspace):
    gray = np.full((100, 200, 3), 90, np.uint8)
    ws = workspace(a=save(gray, "png"))
    picture = np.asarray(opened(thumbnail_bytes(ws, "instances", 0, 128)).convert("RGB")).astype(int)
    assert max(picture.shape[:2]) == 128
    colored = np.abs(picture - picture.mean(axis=2, keepdims=True)).max(axis=2) > 40
    assert 0.02 < colored.mean() < 0.25
    assert not colored[:4].any()  # the margin
    middle = picture.shape[0] // 2, picture.shape[1] // 2
    assert not colored[middle]


def test_a_mask_thumbnail_follows_the_mask(workspace):
    ws = workspace(a=save(noise(40, 40), "png"))
    before = thumbnail_bytes(ws, "instances", 0, 64)
    other = np.zeros((40, 40), bool)
    other[0:3, 0:3] = True
    ws.ds.instances["mask"] = [rle.encode(other)]
    ws.ds.sync()
    assert thumbnail_bytes(ws, "instances", 0, 64) != before


def test_a_file_that_changed_is_read_again(workspace, folder):
    ws = workspace(a=save(noise(40, 40), "png"))
    before = thumbnail_bytes(ws, "images", 0, 32)
    save(np.zeros((40, 40, 3), np.uint8), "png")(folder, "a")
    assert thumbnail_bytes(ws, "images", 0, 32) != before


@pytest.mark.parametrize(("of", "row"), [("images", 1), ("images", -1), ("instances", 7), ("predictions", 0)])
def test_a_row_that_is_not_there_is_an_image_error(workspace, of, row):
    ws = workspace(a=save(noise(8, 8), "png"))
    with pytest.raises(ImageError, match=f"there is no row {row}"):
        thumbnail_bytes(ws, of, row, 64)


def test_a_missing_file_is_an_image_error_that_names_it(workspace, folder):
    ws = workspace(a=save(noise(8, 8), "png"))
    (folder / "a.png").unlink()
    for of in ("images", "instances"):
        with pytest.raises(ImageError, match=r"a\.png"):
            thumbnail_bytes(ws, of, 0, 64)


def test_an_image_of_one_pixel_has_thumbnails(workspace):
    ws = workspace(a=save(noise(1, 1), "png"))
    assert opened(thumbnail_bytes(ws, "images", 0, 64)).size == (1, 1)
    assert opened(thumbnail_bytes(ws, "instances", 0, 64)).size == (64, 64)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "bmp", "gif"])
def test_files_browsers_read_are_sent_as_they_are(workspace, folder, ending):
    ws = workspace(a=save(noise(30, 50), ending))
    picture = imagery.picture_of(ws, 0)
    assert picture.data == (folder / f"a.{ending}").read_bytes()
    assert (picture.width, picture.height, picture.whole) == (50, 30, True)


def test_pixels_are_what_training_sees(workspace):
    """Deep, transparent and turned images are sent as read_image has them, unless contrast is stretched."""
    deep = noise(30, 50, 1, np.uint16)
    turned = Image.Exif()
    turned[0x0112] = 6
    ws = workspace(
        deep=save(deep, "tif"),
        clear=save(noise(30, 50, 4), "png"),
        turned=save(noise(30, 50), "png", exif=turned),
    )
    ws.display = Display(auto=False)
    for row, name in enumerate(ws.ds.images["file"]):
        picture = imagery.picture_of(ws, row)
        shown = opened(picture.data)
        assert shown.getexif().get(0x0112, 1) == 1
        assert picture.mime == "image/png"
        np.testing.assert_array_equal(shown.convert("RGB"), files.read_image(ws.ds.image_root / name))


def test_a_large_image_is_sent_as_a_base_picture_and_parts(workspace, monkeypatch):
    monkeypatch.setattr(imagery, "WHOLE_PIXELS", 10_000)
    monkeypatch.setattr(imagery, "BASE", 64)
    gradient = np.tile(np.arange(200, dtype=np.uint8)[:, None], (1, 300))
    ws = workspace(a=save(gradient, "png"), b=save(gradient, "jpg"))
    for row in (0, 1):
        picture = imagery.picture_of(ws, row)
        assert not picture.whole
        assert (picture.width, picture.height) == (300, 200)
        assert max(opened(picture.data).size) == 64
        part = np.asarray(opened(imagery.part_of(ws, row, (-10, 100, 50, 150), 1000)).convert("L"))
        assert part.shape == (50, 50)
        assert abs(int(part[0, 0]) - 100) < 8
        assert abs(int(part[-1, 0]) - 149) < 8
        with pytest.raises(ImageError, match="no pixels in the box"):
            imagery.part_of(ws, row, (400, 0, 500, 10), 100)


def test_an_image_with_too_many_pixels_is_refused_by_name(workspace, monkeypatch):
    monkeypatch.setattr(imagery, "MAX_PIXELS", 1000)
    ws = workspace(a=save(noise(40, 40), "png"))
    with pytest.raises(ImageError, match=r"a\.png has 40 x 40 pixels, more than the 1,000"):
        imagery.picture_of(ws, 0)


def test_a_small_copy_is_as_a_thumbnail_of_the_whole(folder):
    smooth = np.linspace(0, 255, 900 * 600).reshape(600, 900).astype(np.uint8)
    for ending in ("jpg", "png"):
        file = save(smooth, ending)(folder, "a")
        small = files.read_small(file, 100)
        whole = files.thumbnail(files.read_image(file), 100)
        assert small.shape == whole.shape == (67, 100, 3)
        assert np.abs(small.astype(int) - whole.astype(int)).max() <= 6
    assert files.read_small(file, 5000).shape == (600, 900, 3)


@pytest.mark.parametrize("side", [6, 20, 60])
def test_the_outline_of_a_mask_has_its_color_however_much_it_is_enlarged(side) -> None:
    mask = np.zeros((side, side), bool)
    mask[side // 3 : -(side // 3), side // 3 : -(side // 3)] = True
    seen = outlined(np.zeros((side, side, 3), np.uint8), mask, "#e69f00", 160)
    assert (np.abs(seen.astype(int) - (230, 159, 0)).max(axis=2) < 8).sum() > 80
