"""Image files of all kinds, and of all kinds of malice."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import ImageError, MissingExtraError, UnsafePathError
from nbalabel.core.tables import schema
from nbalabel.data.images.cache import ImageCache
from nbalabel.data.images.files import (
    crop,
    image_size,
    locate,
    read_image,
    safe_path,
    thumbnail,
)
from nbalabel.data.images.remote import places


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds hardly a pixel."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    body = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def test_an_image_reads_back_pixel_by_pixel(photo: Path) -> None:
    pixels = read_image(photo)
    assert pixels.dtype == np.uint8
    assert np.array_equal(pixels, np.asarray(Image.open(photo)))
    assert pixels.flags.writeable
    assert image_size(photo) == (60, 40)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "YCbCr"])
def test_every_color_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.tif"
    Image.new("RGB", (7, 5), (200, 30, 30)).convert("L" if mode == "LA" else "RGB").convert(mode).save(path)
    pixels = read_image(path)
    assert pixels.shape == (5, 7, 3)
    if mode in ("P", "RGBA", "CMYK", "YCbCr"):
        assert np.abs(pixels[0, 0].astype(int) - [200, 30, 30]).max() < 30


def test_a_palette_with_transparency_keeps_its_colors(tmp_path: Path) -> None:
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 10, 200, 30])
    palette.save(tmp_path / "p.png", transparency=bytes([0, 128]))
    assert read_image(tmp_path / "p.png")[0, 0].tolist() == [10, 200, 30]


def test_transparency_is_dropped_not_blended(tmp_path: Path) -> None:
    Image.new("RGBA", (3, 3), (9, 8, 7, 0)).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png")[1, 1].tolist() == [9, 8, 7]


def test_sixteen_bits_are_stretched_to_what_the_image_holds(tmp_path: Path) -> None:
    ramp = np.linspace(1000, 5000, 4096).astype(np.uint16).reshape(64, 64)
    Image.fromarray(ramp).save(tmp_path / "deep.png")
    pixels = read_image(tmp_path / "deep.png")
    assert pixels[0, 0, 0] == 0
    assert pixels[-1, -1, 2] == 255
    assert np.abs(pixels[:, :, 0].mean() - 127.5) < 2


def test_eight_bits_in_a_sixteen_bit_file_stay_as_they_are(tmp_path: Path) -> None:
    values = np.arange(100, dtype=np.uint16).reshape(10, 10) + 50
    Image.fromarray(values).save(tmp_path / "shallow.png")
    assert np.array_equal(read_image(tmp_path / "shallow.png")[:, :, 0], values)


def test_floats_with_holes_in_them_are_read(tmp_path: Path) -> None:
    values = np.linspace(-1, 1, 10000, dtype=np.float32).reshape(100, 100)
    values[3, 3], values[4, 4] = np.nan, np.inf
    Image.fromarray(values).save(tmp_path / "f.tif")
    pixels = read_image(tmp_path / "f.tif")
    assert pixels.min() == 0
    assert pixels.max() == 255


def test_a_constant_deep_image_is_black_not_an_error(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 4000, np.uint16)).save(tmp_path / "flat.png")
    assert read_image(tmp_path / "flat.png").max() == 0


def test_a_single_pixel_is_an_image(tmp_path: Path) -> None:
    Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "dot.png")
    assert read_image(tmp_path / "dot.png").tolist() == [[[1, 2, 3]]]


def test_exif_orientation_is_not_applied(tmp_path: Path) -> None:
    image = Image.new("RGB", (20, 10))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    assert read_image(tmp_path / "turned.jpg").shape == (10, 20, 3)
    assert image_size(tmp_path / "turned.jpg") == (20, 10)


def test_the_first_frame_of_an_animation_is_read(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (5, 5), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read_image(tmp_path / "a.gif")[0, 0, 0] > 200


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.png", b""),
        ("text.jpg", b"this is not an image at all"),
        ("script.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n/x {showpage} def x\n"),
        ("half.png", b"\x89PNG\r\n\x1a\n\x00\x00"),
        ("zeros.tif", bytes(5000)),
    ],
)
def test_what_is_no_image_is_an_image_error(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ImageError, match=name):
        read_image(tmp_path / name)
    with pytest.raises(ImageError, match=name):
        image_size(tmp_path / name)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="is missing"):
        read_image(tmp_path / "nowhere.png")


def test_a_folder_is_not_an_image(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="is not a file"):
        read_image(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageError, match="is not a file"):
        read_image(tmp_path / "pipe.png")


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "bmp", "gif"])
def test_a_truncated_file_is_an_image_error(tmp_path: Path, suffix: str) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    path = tmp_path / f"cut.{suffix}"
    Image.fromarray(pixels).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ImageError, match="cut"):
        read_image(path)


@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_but_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    suffix = data.draw(st.sampled_from(["png", "jpg", "webp", "tif", "gif", "bmp", "ppm"]))
    path = folder / f"d.{suffix}"
    Image.fromarray(np.arange(300, dtype=np.uint8).reshape(10, 10, 3)).save(path)
    raw = bytearray(path.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(raw) - 1), min_size=1, max_size=8)):
        raw[at] = data.draw(st.integers(0, 255))
    path.write_bytes(raw)
    try:
        pixels = read_image(path, max_pixels=10_000)
    except ImageError:
        return
    assert pixels.dtype == np.uint8
    assert pixels.shape[2] == 3


@pytest.mark.parametrize("size", [(10_001, 10_000), (20_000, 20_000), (60_000, 60_000)])
def test_a_pixel_bomb_is_refused_before_it_unpacks(tmp_path: Path, size: tuple[int, int]) -> None:
    (tmp_path / "bomb.png").write_bytes(png_header(*size))
    with pytest.raises(ImageError, match="pixels"):
        read_image(tmp_path / "bomb.png")


def test_the_limit_on_pixels_can_be_moved(photo: Path) -> None:
    with pytest.raises(ImageError, match=r"60 x 40 pixels, more than max_pixels=2,399"):
        read_image(photo, max_pixels=2399)
    assert read_image(photo, max_pixels=2400).shape == (40, 60, 3)


@pytest.mark.parametrize(
    "file",
    [
        "../secret.png",
        "a/../../secret.png",
        "/etc/passwd",
        "C:/windows/a.png",
        "C:a.png",
        "..\\secret.png",
        "\\\\server\\share\\a.png",
        "a\0.png",
        "",
        "  ",
        ".",
    ],
)
def test_a_name_that_leaves_the_root_is_unsafe(tmp_path: Path, file: str) -> None:
    with pytest.raises(UnsafePathError, match="must stay below"):
        safe_path(tmp_path, file)


def test_a_link_out_of_the_root_is_unsafe(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "root" / "innocent.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(UnsafePathError, match="a link leads out"):
        safe_path(tmp_path / "root", "innocent.png")


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises((UnsafePathError, ImageError)):
        read_image(safe_path(tmp_path, "a/x.png"))


def test_a_link_within_the_root_is_fine_even_where_the_root_is_one(photo: Path) -> None:
    root = photo.parent
    (root / "alias.png").symlink_to(photo)
    (root.parent / f"{root.name}_link").symlink_to(root)
    assert read_image(safe_path(root.parent / f"{root.name}_link", "alias.png")).shape == (40, 60, 3)


def test_names_with_dots_and_spaces_are_fine(tmp_path: Path) -> None:
    for name in ("a..b.png", "...png", "my fish/frame 1.png", "ß€.png"):
        assert safe_path(tmp_path, name) == tmp_path / name


@given(st.text(min_size=1, max_size=30))
def test_no_name_at_all_leaves_the_root(file: str) -> None:
    root = Path("/data/root")
    try:
        path = safe_path(root, file)
    except UnsafePathError:
        return
    assert path.resolve().is_relative_to(root)
    assert path != root


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "local:///etc/passwd", "https://a.org/b::file:///etc/passwd"]
)
def test_a_url_cannot_reach_local_files(url: str) -> None:
    with pytest.raises(UnsafePathError, match="image URL"):
        locate(None, url)


def stranger(root: Path, name: str) -> nl.Tables:
    """Tables of somebody else with one image of that name."""
    images = pd.DataFrame({"file": [name], "width": [60], "height": [40]})
    return nl.Tables(images, schema.empty("instances", ["fish"]), ("fish",), root)


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "link", "inside", "a\0b", "folder", "https://a.org/b"]
)
def test_copying_images_copies_no_other_file(photo: Path, tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "secret").write_text("s3cret:0:0")
    (root / "inside").write_text("s3cret:0:0")
    (root / "link").symlink_to(photo)
    with pytest.raises((ImageError, UnsafePathError)) as refused:
        stranger(root, name).save(tmp_path / "out.nbal", copy_images=True)
    assert "s3cret" not in str(refused.value)
    assert not [path for path in tmp_path.glob("out.nbal/**/*") if path.is_file()]


def test_an_export_of_images_exports_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "inside.png").write_text("s3cret")
    given = stranger(tmp_path / "root", "inside.png")
    tables = replace(given, images=schema.conform(given.images, "images"))
    for images in ("copy", "link"):
        with pytest.raises(ImageError, match="no images"):
            nl.write_coco(tables, tmp_path / "out.json", images=images)
    assert not list(tmp_path.glob("**/images/*"))


def test_copying_images_copies_images_whatever_they_are_called(photo: Path, tmp_path: Path) -> None:
    (photo.parent / "photo").write_bytes(photo.read_bytes())
    with stranger(photo.parent, "photo").save(tmp_path / "out.nbal", copy_images=True) as ds:
        assert (ds.folder / "images" / "photo").read_bytes() == photo.read_bytes()


@pytest.mark.parametrize("text", ["s3cret:0:0", "P1 s3cret", "P6 s3cret 1", "BM s3cret", "GIF89a s3cret"])
def test_what_is_no_image_says_nothing_of_its_content(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.png").write_text(text)
    for read in (read_image, image_size):
        with pytest.raises(ImageError) as refused:
            read(tmp_path / "a.png")
        assert "s3cret" not in str(refused.value)


def test_a_relative_file_needs_a_root() -> None:
    with pytest.raises(ImageError, match="no image root"):
        locate(None, "a.png")


def test_a_url_is_read_through_fsspec(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsspec = pytest.importorskip("fsspec")
    monkeypatch.setattr(places, "_ALLOWED", [])
    nl.allow_images_from("memory://photo.png", "memory://absent.png")
    with fsspec.open("memory://photo.png", "wb") as stream:
        stream.write(photo.read_bytes())
    assert np.array_equal(read_image(locate(None, "memory://photo.png")), read_image(photo))
    with pytest.raises(ImageError, match="absent"):
        read_image("memory://absent.png")


def test_a_url_without_fsspec_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setattr(places, "_ALLOWED", [])
    nl.allow_images_from("s3://bucket")
    with pytest.raises(MissingExtraError, match=r"pip install 'nbalabel\[cloud\]'"):
        read_image("s3://bucket/a.jpg")


def test_thumbnails_keep_their_shape_and_never_grow() -> None:
    pixels = np.zeros((300, 100, 3), np.uint8)
    assert thumbnail(pixels, 60).shape == (60, 20, 3)
    assert thumbnail(pixels, 900) is pixels
    assert thumbnail(np.zeros((1, 5000, 3), np.uint8), 50).shape == (1, 50, 3)


@given(st.tuples(*[st.floats(-50, 150)] * 2), st.tuples(*[st.floats(0, 150)] * 2), st.floats(0, 3))
def test_a_crop_is_never_empty_and_never_leaves_the_image(
    corner: tuple[float, float], size: tuple[float, float], margin: float
) -> None:
    pixels = np.arange(100 * 80, dtype=np.uint16).reshape(80, 100)
    part = crop(np.stack([pixels] * 3, axis=2).astype(np.uint8), (*corner, *size), margin)
    assert min(part.shape) > 0
    assert part.shape[0] <= 80
    assert part.shape[1] <= 100


def test_a_crop_with_a_margin_is_where_it_should_be() -> None:
    pixels = np.zeros((50, 80, 3), np.uint8)
    pixels[10:20, 30:50] = 1
    part = crop(pixels, (30, 10, 20, 10), margin=0.1)
    assert part.shape == (14, 24, 3)
    assert part[2:12, 2:22].all()
    assert part.sum() == pixels.sum()


def test_the_cache_gives_the_same_array_until_the_file_changes(photo: Path) -> None:
    cache = ImageCache()
    first = cache.read(photo)
    assert cache.read(photo) is first
    assert not first.flags.writeable
    Image.new("RGB", (5, 5)).save(photo)
    os.utime(photo, ns=(1, 1))
    assert cache.read(photo).shape == (5, 5, 3)


def test_the_cache_drops_what_was_not_used_for_longest(tmp_path: Path) -> None:
    for name in "abcd":
        Image.new("RGB", (10, 10)).save(tmp_path / f"{name}.png")
    cache = ImageCache(max_bytes=2 * 300)
    a = cache.read(tmp_path / "a.png")
    cache.read(tmp_path / "b.png")
    assert cache.read(tmp_path / "a.png") is a
    cache.read(tmp_path / "c.png")
    assert len(cache) == 2
    assert cache.n_bytes == 600
    assert cache.read(tmp_path / "a.png") is a


def test_an_image_larger_than_the_cache_is_read_but_not_kept(photo: Path) -> None:
    cache = ImageCache(max_bytes=10)
    assert cache.read(photo).shape == (40, 60, 3)
    assert len(cache) == 0


def test_the_cache_reports_missing_files(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="cannot be read"):
        ImageCache().read(tmp_path / "none.png")


def test_real_photographs_read(shared_data: Path) -> None:
    photo = sorted((shared_data / "coco_tiny" / "images").iterdir())[0]
    width, height = image_size(photo)
    assert read_image(photo).shape == (height, width, 3)
