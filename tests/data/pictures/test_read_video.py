"""Frames of videos, as images like any other."""

import sys
from pathlib import Path

import numpy as np
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, ImageError, MissingExtraError, StorageError


def film(path: Path, n: int = 12, rate: int = 4, turned: int = 0, dark: int = 0) -> Path:
    """A video that gets brighter, 64 x 48, its left quarter black."""
    av = pytest.importorskip("av")
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 64, 48, "yuv420p", 4_000_000
        if turned:
            stream.set_display_rotation(turned)
        for i in range(n):
            pixels = np.full((48, 64, 3), min(dark + 20 * i, 255), np.uint8)
            pixels[:, :16] = 0
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(stream.encode())
    return path


@pytest.fixture
def dive(tmp_path: Path) -> Path:
    return film(tmp_path / "dive1.mp4")


def test_a_videos_frames_become_images(dive: Path, tmp_path: Path) -> None:
    tables = nl.read_images(dive, frames=tmp_path / "frames", every=5)
    images = tables.images
    assert images["file"].tolist() == [f"dive1/frame_{i:06d}.jpg" for i in (0, 5, 10)]
    assert images["group"].tolist() == ["dive1"] * 3
    assert images["frame"].tolist() == [0, 5, 10]
    assert images[["width", "height"]].iloc[0].tolist() == [64, 48]
    for image_id, bright in ((1, 0), (2, 100), (3, 200)):
        assert tables.read_image(image_id)[:, 32:].mean() == pytest.approx(bright, abs=6)


def test_fps_takes_so_many_frames_a_second(dive: Path, tmp_path: Path) -> None:
    tables = nl.read_images(dive, frames=tmp_path / "frames", fps=2, suffix=".png")
    assert tables.images["frame"].tolist() == [0, 2, 4, 6, 8, 10]
    assert nl.read_images(dive, frames=tmp_path / "more", fps=100).images["frame"].tolist() == list(range(12))


def test_frames_that_are_there_are_not_written_again(dive: Path, tmp_path: Path) -> None:
    first = nl.read_images(dive, frames=tmp_path / "frames", every=4)
    path = tmp_path / "frames" / first.images["file"].iloc[1]
    before = path.stat().st_mtime_ns
    again = nl.read_images(dive, frames=tmp_path / "frames", every=2)
    assert path.stat().st_mtime_ns == before
    assert len(again.images) == 6
    assert len(nl.read_images(dive, frames=tmp_path / "frames", every=4).images) == 3


def test_frames_of_another_video_of_that_name_are_not_mixed_in(dive: Path, tmp_path: Path) -> None:
    nl.read_images(dive, frames=tmp_path / "frames", every=4)
    other = film(tmp_path / "later" / "dive1.mp4", n=20)
    with pytest.raises(StorageError, match=r"holds frames of 'dive1\.mp4'"):
        nl.read_images(other, frames=tmp_path / "frames")
    (tmp_path / "mine" / "dive1").mkdir(parents=True)
    (tmp_path / "mine" / "dive1" / "frame_000000.jpg").write_text("mine")
    with pytest.raises(StorageError, match="holds other files"):
        nl.read_images(dive, frames=tmp_path / "mine")


def test_a_video_filmed_on_its_side_is_turned_upright(tmp_path: Path) -> None:
    video = film(tmp_path / "phone.mp4", turned=90)
    tables = nl.read_images(video, frames=tmp_path / "frames", suffix=".png", every=11)
    pixels = tables.read_image(2)
    assert pixels.shape == (64, 48, 3)
    assert pixels[-12:].mean() < 20 < pixels[:12].mean()  # 90 degrees against the clock: left becomes bottom


def test_a_folder_of_videos_gives_a_group_each(tmp_path: Path) -> None:
    film(tmp_path / "v" / "a.mp4", n=3)
    film(tmp_path / "v" / "more" / "train.mkv", n=2, dark=90)
    images = nl.read_images(tmp_path / "v", frames=tmp_path / "frames").images
    assert images["group"].tolist() == ["a"] * 3 + ["more/train"] * 2
    assert images["frame"].tolist() == [0, 1, 2, 0, 1]


def test_a_video_that_breaks_off_gives_what_there_is(tmp_path: Path) -> None:
    whole = film(tmp_path / "whole.mkv", n=40).read_bytes()
    (tmp_path / "none.mp4").write_bytes(b"\0" * 500)
    with pytest.raises(ImageError, match=r"none\.mp4 cannot be read as a video"):
        nl.read_images(tmp_path / "none.mp4", frames=tmp_path / "frames")
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    images = nl.read_images(tmp_path / "cut.mkv", frames=tmp_path / "frames").images
    assert 1 < len(images) < 40


def test_a_list_of_other_files_in_a_videos_clothes_is_not_followed(dive: Path, tmp_path: Path) -> None:
    """FFmpeg goes by the content of a file: such a list makes it read what a stranger names."""
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile dive1.mp4\n")
    (tmp_path / "play.mp4").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\ndive1.mp4\n#EXT-X-ENDLIST\n"
    )
    for name in ("list.mp4", "play.mp4"):
        with pytest.raises(ImageError, match=f"{name} cannot be read as a video"):
            nl.read_images(tmp_path / name, frames=tmp_path / "frames")


def test_a_video_without_frames_says_what_to_write(dive: Path) -> None:
    with pytest.raises(DataError, match=r'is a video .*frames="frames/", fps=1'):
        nl.read_images(dive)


def test_without_pyav_the_extra_is_named(dive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'nbalabel\[video\]'"):
        nl.read_images(dive, frames=tmp_path / "frames")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"every": 0}, "every must be a whole number >= 1, got 0"),
        ({"fps": 0}, "fps must be a number > 0, got 0"),
        ({"every": 2, "fps": 1}, "give one of them"),
        ({"suffix": ".bmp"}, "suffix must be one of .jpg, .png"),
    ],
)
def test_a_choice_of_frames_that_means_nothing_is_refused(tmp_path: Path, how, said) -> None:
    with pytest.raises(DataError, match=said):
        nl.read_images(tmp_path / "a.mp4", frames=tmp_path / "frames", **how)


def test_frames_of_a_folder_without_videos_says_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(nl.errors.FormatError, match=r"there are none in .*: it holds .txt"):
        nl.read_images(tmp_path, frames=tmp_path / "frames")
