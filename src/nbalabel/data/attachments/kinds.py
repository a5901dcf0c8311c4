"""What kind of attachment a file is, by its name; and what it must be by its content."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from ...core.errors import DataError, FormatError
from ...core.urls import is_url
from ..images.files import image_size

Kind = Literal["text", "image", "video", "overlay"]

TEXT_BYTES = 1 << 18
"""Bytes of a text that are shown; the rest is left out, and the view says so."""

_TEXTS = {".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".yaml", ".yml", ".xml", ".html", ".log"}
_VIDEOS = {".mp4", ".m4v", ".mov", ".webm", ".mkv", ".ogv", ".ogg"}
_BEGINNING = 4096


def kind_of(file: str) -> Kind:
    """The kind of a file by its suffix: "text", "video", or else "image".

    Example:
        >>> kind_of("notes.md"), kind_of("https://example.org/dive.mp4?t=3"), kind_of("map.png")
        ('text', 'video', 'image')
    """
    suffix = Path(urlsplit(file).path if is_url(file) else file).suffix.lower()
    return "text" if suffix in _TEXTS else "video" if suffix in _VIDEOS else "image"


def check_content(path: Path, kind: str) -> None:
    """Check that a file is what it is to be shown as.

    Raises:
        FormatError: it is no text, or no video that browsers play.
        ImageError: it is no image.
        DataError: there is no such kind.
    """
    if kind in ("image", "overlay"):
        image_size(path)
        return
    with path.open("rb") as file:
        head = file.read(TEXT_BYTES if kind == "text" else _BEGINNING)
    if kind == "text":
        if b"\0" in head:
            raise FormatError(f"{path} is no text: it holds zero bytes. Texts are UTF-8")
    elif kind == "video":
        video_type(head, str(path))
    else:
        raise DataError(f"as_ must be one of text, image, video, overlay; got {kind!r}")


def video_type(head: bytes, name: str) -> str:
    """The type of a video by its first bytes, for a browser.

    Raises:
        FormatError: it is none that browsers play.

    Example:
        >>> video_type(b"....ftypmp42", "a.mp4")
        'video/mp4'
    """
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "video/webm"
    if head[:4] == b"OggS":
        return "video/ogg"
    raise FormatError(f"{name} is no video that browsers play: expected MP4, WebM or Ogg by its content")
