"""What a view shows on pages that run no widgets, such as GitHub and nbviewer: a picture or plain HTML."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

from ..core.errors import NbalabelError

if TYPE_CHECKING:
    from PIL.Image import Image

    from .bridge import Bridge


def with_picture(bundle: Any, view: Bridge) -> Any:
    """The output of a view, with a PNG or HTML beside the live widget."""
    try:
        picture, html = view.picture(), view.html()
    except NbalabelError as error:  # the widget itself shows what is wrong
        view.errors.append(error)
        picture, html = None, ""
    if bundle is None or (picture is None and not html):
        return bundle
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    if picture is not None:
        data = {**data, "image/png": base64.b64encode(png(picture)).decode("ascii")}
    if html:
        data = {**data, "text/html": html}
    return data, metadata


def png(picture: Image) -> bytes:
    """The bytes of a PNG file."""
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()
