"""What a view shows on pages that run no widgets, such as GitHub and nbviewer: a picture or plain HTML."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ...core.errors import NbalabelError

if TYPE_CHECKING:
    from PIL.Image import Image

_BYTES = 60_000


class Pictured(Protocol):
    """A view that can show itself without a kernel."""

    errors: Any

    def picture(self) -> Image | None:
        """What it shows, as a picture; None where there is none."""
        ...

    def html(self) -> str:
        """What it shows, as plain HTML; "" where there is none."""
        ...


def with_picture(bundle: Any, view: Pictured) -> Any:
    """The output of a view, with a PNG or HTML beside the live widget."""
    try:
        picture, html = view.picture(), view.html()
    except NbalabelError as error:  # the widget itself shows what is wrong
        view.errors.append(error)
        picture, html = None, ""
    if bundle is None or (picture is None and not html):
        return bundle
    data, metadata = with_image(bundle, picture)
    return ({**data, "text/html": html} if html else data), metadata


def with_image(bundle: Any, picture: Image | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The output of a widget, with a PNG beside it where there is one."""
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    if picture is None:
        return data, metadata
    return {**data, "image/png": _base64(picture)}, metadata


def side_by_side(views: Sequence[Pictured | None]) -> Image | None:
    """Pictures of views in a row, scaled to the lowest height; None if no view has a picture."""
    from PIL import Image as Pillow

    found = [picture for view in views if view is not None and (picture := view.picture()) is not None]
    if not found:
        return None
    height = min(picture.height for picture in found)
    sized = [
        picture.convert("RGB").resize((max(round(picture.width * height / picture.height), 1), height))
        for picture in found
    ]
    row = Pillow.new("RGB", (sum(p.width for p in sized) + 8 * (len(sized) - 1), height), "white")
    left = 0
    for picture in sized:
        row.paste(picture, (left, 0))
        left += picture.width + 8
    return row


def png(picture: Image) -> bytes:
    """The bytes of a PNG file."""
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def data_url(picture: Image | None) -> str:
    """A picture as the address of an <img>; "" for none."""
    return f"data:image/png;base64,{_base64(picture)}" if picture is not None else ""


def few_bytes(picture: Image) -> Image:
    """A picture in at most 128 colors, fewer until its PNG has at most 60 KB; else 64 colors at half size."""
    for colors in (128, 64, 32, 16):
        reduced = picture.quantize(colors)
        if len(png(reduced)) <= _BYTES:
            return reduced
    return picture.resize((picture.width // 2, picture.height // 2)).quantize(64)


def _base64(picture: Image) -> str:
    return base64.b64encode(png(picture)).decode("ascii")
