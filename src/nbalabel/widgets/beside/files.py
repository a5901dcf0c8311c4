"""Attached files as the browser gets them."""

from __future__ import annotations

import io
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from ...core.errors import NbalabelError
from ...core.recent import Recent
from ...core.show.heat import ramp
from ...data.attachments.contents import read_over, read_picture, read_text, read_video, size_of
from ...data.attachments.places import source_of
from ..bridge.port import Buffers
from ..pixels.pictures import jpeg, stamp

_PICTURE = 1200  # pixels along the longer side of a picture in the panel
_KEPT: Recent[Hashable, tuple[dict[str, Any], bytes]] = Recent(64 << 20, lambda made: len(made[1]))


def listed(
    frame: pd.DataFrame, image_id: int, image_root: Path | None, home: Path | None
) -> list[dict[str, Any]]:
    """The attachments of an image without their contents, but with the bytes of a video where known."""
    if not len(frame):
        return []
    rows = frame[(frame["image_id"] == image_id).to_numpy()]
    return [
        {
            "id": int(attachment_id),
            "kind": str(kind),
            "name": "" if pd.isna(name) else str(name),
            "opacity": float(opacity),
            "bytes": _bytes(str(file), image_root, home) if kind == "video" else None,
        }
        for attachment_id, file, kind, name, opacity in zip(
            rows.index, rows["file"], rows["kind"], rows["name"], rows["opacity"], strict=True
        )
    ]


def content_of(
    file: str, kind: str, size: tuple[int, int], image_root: Path | None, home: Path | None
) -> tuple[dict[str, Any], Buffers]:
    """The contents of an attached file.

    Args:
        file: as the table has it.
        kind: as the table has it.
        size: width and height of its image, pixels.
        image_root: image root of the dataset.
        home: folder of copies.

    Raises:
        NbalabelError: the file is missing, broken, too large, not what it is attached as, or not allowed.
    """
    source = source_of(file, kind, image_root, home)
    if kind == "text":
        text = read_text(source)
        return {"text": text.text, "cut": text.is_cut}, []
    if kind == "video":
        data, mime = read_video(source)
        return {"mime": mime}, [data]
    head, data = _encoded(source, kind)
    if kind == "overlay":
        head = {**head, "fits": tuple(head["size"]) == size}
    return head, [data]


def _encoded(source: Path | str, kind: str) -> tuple[dict[str, Any], bytes]:
    key = (stamp(source), kind)
    kept = _KEPT.get(key)
    if kept is not None:
        return kept
    if kind == "image":
        pixels = read_picture(source, _PICTURE)
        height, width = pixels.shape[:2]
        return _KEPT.put(key, ({"mime": "image/jpeg", "width": width, "height": height}, jpeg(pixels)))
    layer = read_over(source)
    out = io.BytesIO()
    Image.fromarray(layer.pixels).save(out, "PNG", compress_level=1)
    head = {"mime": "image/png", "size": list(layer.size), "low": layer.low, "high": layer.high}
    return _KEPT.put(key, ({**head, "ramp": ramp() if layer.low is not None else []}, out.getvalue()))


def _bytes(file: str, image_root: Path | None, home: Path | None) -> int | None:
    try:
        return size_of(source_of(file, "video", image_root, home))
    except NbalabelError:
        return None
