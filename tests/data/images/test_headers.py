"""Sizes from headers are those of Pillow, and what is unusual is left to it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from nbalabel.core.errors import ImageError
from nbalabel.data.images import files
from nbalabel.data.images.headers import header_size

KINDS = {
    "RGB.jpg": ("RGB", "JPEG", {}),
    "L.jpg": ("L", "JPEG", {}),
    "CMYK.jpg": ("CMYK", "JPEG", {}),
    "progressive.jpg": ("RGB", "JPEG", {"progressive": True}),
    "exif.jpg": ("RGB", "JPEG", {"exif": b"Exif\0\0" + bytes(60_000), "comment": b"a comment"}),
    "RGB.png": ("RGB", "PNG", {}),
    "P.png": ("L", "PNG", {"bits": 4}),
    "16.png": ("I;16", "PNG", {}),
}


def encoded(kind: str, size: tuple[int, int]) -> bytes:
    mode, name, more = KINDS[kind]
    out = io.BytesIO()
    Image.new(mode, size).save(out, name, **more)
    return out.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_ordinary_files_are_not_opened_by_pillow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = tmp_path / kind
    path.write_bytes(encoded(kind, (61, 47)))

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("Pillow was asked")

    with monkeypatch.context() as patch:
        patch.setattr(files.Image, "open", refuse)
        assert files.image_size(path) == (61, 47)


@given(
    st.sampled_from(sorted(KINDS)),
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.integers(0, 400),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=3),
)
@example("progressive.jpg", (1, 1), 226, [])  # cut in the header of the scan
def test_whatever_is_wrong_with_a_file_a_size_told_is_that_of_pillow(
    kind: str, size: tuple[int, int], cut: int, wrong: list[tuple[int, int]]
) -> None:
    data = bytearray(encoded(kind, size))
    for at, value in wrong:
        if at < len(data):
            data[at] = value
    if cut < 300:
        del data[cut:]
    told = header_size(io.BytesIO(bytes(data)))
    if told is not None:
        with Image.open(io.BytesIO(bytes(data))) as image:
            assert told == image.size


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_file_that_is_no_image_is_refused_as_ever(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n" if name == "a.png" else b"\xff\xd8\xff\xe0")
    with pytest.raises(ImageError, match=name):
        files.image_size(tmp_path / name)
    with pytest.raises(ImageError, match="missing"):
        files.image_size(tmp_path / f"no-{name}")


def test_links_out_of_the_folder_are_found_with_folders_looked_up_once(tmp_path: Path) -> None:
    from nbalabel.core.errors import UnsafePathError

    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "in").mkdir(parents=True)
    outside.mkdir()
    for path in (root / "in" / "a.png", outside / "b.png"):
        path.write_bytes(encoded("RGB.png", (3, 2)))
    (root / "in" / "link.png").symlink_to(outside / "b.png")
    (root / "in" / "good.png").symlink_to(root / "in" / "a.png")
    (root / "away").symlink_to(outside)
    below = files.Below(root)
    for file in ("in/a.png", "in/good.png"):
        assert below.path(file) == files.safe_path(root, file)
    for file in ("in/link.png", "away/b.png", "../outside/b.png", "/etc/passwd", "", "https://x.org/a.png"):
        messages = []
        for look in (below.path, lambda name: files.safe_path(root, name)):
            with pytest.raises(UnsafePathError) as error:
                look(file)
            messages.append(str(error.value))
        assert messages[0] == messages[1]
