"""Extract frames of a video to image files.

Source: PyAV (FFmpeg); the rotation of frames comes from the file's display matrix.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from PIL import Image

from ...core.errors import (
    DataError,
    FormatError,
    ImageError,
    MissingExtraError,
    NbalabelWarning,
    StorageError,
)
from ..disk.errors import writing
from ..formats.records.files import progress, write_bytes
from ..images.files import MAX_PIXELS

_SUFFIXES = (".jpg", ".png")
_NOTE = "video.json"
"""File beside the frames that identifies their video."""

# FFmpeg detects formats by content; some formats are lists that refer to other files and addresses.
_ONLY = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,asf,flv,m4v,h264",
    "protocol_whitelist": "file",
}


def check_choice(every: int, fps: float | None, suffix: str) -> None:
    """Refuse invalid options for choosing frames."""
    if not isinstance(every, int | np.integer) or every < 1:
        raise DataError(f"every must be a whole number >= 1, got {every!r}")
    if fps is not None and not (np.isfinite(fps) and fps > 0):
        raise DataError(f"fps must be a number > 0, got {fps!r}")
    if fps is not None and every != 1:
        raise DataError(f"every={every} and fps={fps} both say which frames: give one of them")
    if suffix not in _SUFFIXES:
        raise DataError(f"suffix must be one of {', '.join(_SUFFIXES)}, got {suffix!r}")


def extract(video: Path, folder: Path, every: int, fps: float | None, suffix: str) -> dict[str, int]:
    """Write frames of a video into a folder; existing frames are kept.

    Args:
        video: the video file.
        folder: folder for the frames of this video only.
        every: take every n-th frame.
        fps: take this number of frames per second instead; None: use ``every``.
        suffix: ".jpg" (quality 95) or ".png" (lossless, about five times larger).

    Returns:
        File name -> number of the frame in the video, from 0.

    Raises:
        ImageError: the file has no video stream, or cannot be decoded up to its first frame.
        StorageError: the folder holds other files.
        MissingExtraError: PyAV is not installed.
    """
    _claim(video, folder)
    out: dict[str, int] = {}
    try:
        for number, frame in _chosen(_decoded(video), every, fps):
            name = f"frame_{number:06d}{suffix}"
            if not (folder / name).is_file():
                with writing(folder / name):
                    write_bytes(folder / name, _encoded(_upright(frame), suffix))
            out[name] = number
    except ImageError as error:
        if not out:
            raise
        warnings.warn(f"{error}; {len(out)} frames before that are kept", NbalabelWarning, stacklevel=4)
    if not out:
        raise ImageError(f"{video} has no frames")
    return out


def _claim(video: Path, folder: Path) -> None:
    """Mark the folder as this video's, or check that it is."""
    note = folder / _NOTE
    with writing(folder):
        facts = {"video": video.name, "bytes": video.stat().st_size}
        if note.is_file():
            known = _read_note(note)
            if known != facts:
                raise StorageError(
                    f"{folder} holds frames of {known.get('video')!r}: another frames= keeps them apart"
                )
            return
        if folder.exists() and any(folder.iterdir()):
            raise StorageError(f"{folder} holds other files and no {_NOTE}: give another folder by frames=")
        write_bytes(note, orjson.dumps(facts))


def _read_note(note: Path) -> dict[str, Any]:
    try:
        known = orjson.loads(note.read_bytes())
    except orjson.JSONDecodeError as error:
        raise FormatError(f"{note} is damaged ({error}): give another folder by frames=") from error
    return known if isinstance(known, dict) else {}


def _decoded(video: Path) -> Iterator[tuple[int, float, Any]]:
    """Yield number, seconds since the first frame, and frame."""
    try:
        import av
    except ImportError as error:
        raise MissingExtraError(
            f"{video} is a video: pip install 'nbalabel[video]' reads its frames"
        ) from error
    try:
        with av.open(os.fspath(video), options=_ONLY) as container:
            if not container.streams.video:
                raise ImageError(f"{video} holds no video")
            stream = container.streams.video[0]
            if stream.width * stream.height > MAX_PIXELS:
                raise ImageError(
                    f"{video} has {stream.width} x {stream.height} pixels, more than {MAX_PIXELS:,}"
                )
            stream.thread_type = "AUTO"
            rate = float(stream.average_rate or stream.guessed_rate or 25)
            start: float | None = None
            frames = container.decode(stream)
            for number, frame in enumerate(progress(frames, video.name, stream.frames or None)):
                time = number / rate if frame.time is None else float(frame.time)
                start = time if start is None else start
                yield number, time - start, frame
    except (av.error.FFmpegError, ValueError) as error:
        raise ImageError(f"{video} cannot be read as a video: {error}") from error


def _chosen(
    frames: Iterator[tuple[int, float, Any]], every: int, fps: float | None
) -> Iterator[tuple[int, Any]]:
    due = 0.0
    for number, time, frame in frames:
        if fps is None:
            if number % every == 0:
                yield number, frame
        elif time >= due - 1e-6:
            yield number, frame
            due = max(due + 1 / fps, time - 1 / fps)


def _upright(frame: Any) -> Image.Image:
    """The frame as an image, rotated as a player shows it."""
    picture: Image.Image = frame.to_image()
    turns = round(frame.rotation / 90) % 4
    return picture if not turns else Image.fromarray(np.rot90(np.asarray(picture), turns))


def _encoded(picture: Image.Image, suffix: str) -> bytes:
    out = io.BytesIO()
    if suffix == ".png":
        picture.save(out, "PNG")
    else:
        picture.save(out, "JPEG", quality=95, subsampling=0)
    return out.getvalue()
