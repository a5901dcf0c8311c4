"""What is in attachments: read within limits; what is broken or hostile is an error that names the file."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nbalabel.core.errors import FormatError, ImageError
from nbalabel.data.attachments import contents
from nbalabel.data.attachments.contents import LAYER, read_over, read_picture, read_text, read_video
from nbalabel.data.attachments.kinds import TEXT_BYTES, kind_of


def saved(path: Path, values: np.ndarray) -> Path:
    Image.fromarray(values).save(path)
    return path


def test_a_text_is_utf8_and_cut_where_it_is_long(tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfgr\xc3\xbcn <script>" + b"\xff")
    assert read_text(path) == ("grün <script>\ufffd", False)
    path.write_bytes(b"a" * (TEXT_BYTES - 1) + "ü".encode() + b"b")
    text, is_cut = read_text(path)
    assert is_cut
    assert text == "a" * (TEXT_BYTES - 1)  # no half of a character


def test_what_is_no_text_is_refused(tmp_path) -> None:
    path = tmp_path / "a.txt"
    with pytest.raises(FormatError, match="is missing"):
        read_text(path)
    path.mkdir()
    with pytest.raises(FormatError, match="is not a file"):
        read_text(path)
    other = tmp_path / "b.txt"
    other.write_bytes(b"\0\0")
    with pytest.raises(FormatError, match="is no text"):
        read_text(other)


def test_numbers_of_one_channel_become_colors_and_say_from_where_to_where(tmp_path) -> None:
    values = np.linspace(2, 10, 64, dtype=np.float32).reshape(8, 8)
    values[0, 0] = np.nan
    layer = read_over(saved(tmp_path / "a.tiff", values))
    assert layer.pixels.shape == (8, 8, 4)
    assert layer.pixels[0, 0].tolist() == [0, 0, 0, 0]
    assert layer.pixels[0, 1].tolist() == [0, 0, 0, 255]
    assert layer.pixels[-1, -1].tolist() == [255, 255, 255, 255]
    assert layer.size == (8, 8)
    assert 2 < layer.low < 2.2
    assert 9.9 < layer.high <= 10


def test_sixteen_bits_with_small_numbers_are_numbers_too(tmp_path) -> None:
    layer = read_over(saved(tmp_path / "a.png", np.arange(16, dtype=np.uint16).reshape(4, 4)))
    assert layer.low is not None
    assert len(np.unique(layer.pixels.reshape(-1, 4), axis=0)) == 16


@pytest.mark.parametrize("channels", [3, 4])
def test_colors_stay_as_they_are(tmp_path, channels) -> None:
    values = np.random.default_rng(0).integers(0, 256, (6, 9, channels), np.uint8)
    layer = read_over(saved(tmp_path / "a.png", values))
    assert layer.low is None
    assert layer.size == (9, 6)
    assert (layer.pixels[..., :channels] == values).all()
    if channels == 3:
        assert (layer.pixels[..., 3] == 255).all()


def test_a_large_layer_is_made_smaller_and_says_its_own_size(tmp_path) -> None:
    for name, values in (
        ("a.tiff", np.zeros((10, LAYER + 500), np.float32)),
        ("b.png", np.zeros((10, LAYER + 500, 3), np.uint8)),
    ):
        layer = read_over(saved(tmp_path / name, values))
        assert layer.size == (LAYER + 500, 10)
        assert max(layer.pixels.shape[:2]) <= LAYER


def test_broken_pictures_are_errors_that_name_the_file(tmp_path) -> None:
    path = saved(tmp_path / "a.png", np.zeros((40, 40, 3), np.uint8))
    path.write_bytes(path.read_bytes()[:60])
    for read in (read_over, lambda source: read_picture(source, 100)):
        with pytest.raises(ImageError, match=r"a\.png"):
            read(path)


def test_a_video_is_known_by_its_content_and_limited(tmp_path, monkeypatch) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42" + b"\0" * 40)
    assert read_video(path) == (path.read_bytes(), "video/mp4")
    path.write_bytes(b"\x1aE\xdf\xa3" + b"\0" * 40)
    assert read_video(path)[1] == "video/webm"
    path.write_bytes(b"#EXTM3U\nfile:///etc/passwd")
    with pytest.raises(FormatError, match="no video that browsers play"):
        read_video(path)
    monkeypatch.setattr(contents, "VIDEO_BYTES", 10)
    with pytest.raises(FormatError, match="views show videos of at most"):
        read_video(path)


@pytest.mark.parametrize(
    ("file", "kind"),
    [("a.MD", "text"), ("a.webm", "video"), ("a.png", "image"), ("a", "image"), ("x.y/a.csv", "text")],
)
def test_a_suffix_says_the_kind(file, kind) -> None:
    assert kind_of(file) == kind
