"""Pillow's own ``open``, whatever else is loaded in this process."""

from __future__ import annotations

import os
import sys
from typing import IO

from PIL import Image


def open_picture(source: str | os.PathLike[str] | IO[bytes], formats: tuple[str, ...]) -> Image.Image:
    """Open a picture and read its header.

    Whoever imports ultralytics gets an ``Image.open`` that asks pip for a package where Pillow finds no
    picture in a file, and then raises an ImportError: seconds for each broken file, and the wrong message.

    Args:
        source: a file's name, or the file.
        formats: names of the formats that it may have, as Pillow spells them.

    Raises:
        UnidentifiedImageError: it has none of them. A damaged file can raise almost any other error.
    """
    theirs = sys.modules.get("ultralytics.utils.patches")
    opens = getattr(theirs, "_image_open", Image.open)
    opened: Image.Image = opens(source, formats=formats)
    return opened
