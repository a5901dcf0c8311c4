"""Width and height of JPEG and PNG files from a few bytes of their headers.

Pillow makes an image object and looks for its format, profiles and metadata, which takes most of the time
where the sizes of many files are wanted. Here a file is only walked to the place where pixels begin. Whatever
is unusual is left to Pillow, so that the same files are refused, with the same words.

Source: ITU-T T.81 (JPEG), annex B; ISO/IEC 15948 (PNG), clause 5
"""

from __future__ import annotations

import struct
import zlib
from typing import IO

_PNG = b"\x89PNG\r\n\x1a\n"
_IHDR = struct.Struct(">I4sIIBBBBBI")
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_CHUNK = struct.Struct(">I4s")
_SEGMENT = struct.Struct(">BBH")
_FRAME = struct.Struct(">BHHB")
_FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended and progressive, Huffman-coded
_SCAN = 0xDA
_PLAIN = {*range(0xE0, 0xF0), 0xFE, 0xDB, 0xC4, 0xDD, *_FRAMES, _SCAN}
_MOST = 64  # segments before the pixels; files with more are left to Pillow
_MOST_PIXELS = 80_000_000  # larger images are left to Pillow, which may refuse them


def header_size(file: IO[bytes]) -> tuple[int, int] | None:
    """Width and height in pixels of an ordinary JPEG or PNG file; None for anything else.

    Args:
        file: open at its beginning.

    Example:
        >>> import io
        >>> header_size(io.BytesIO(b"GIF89a")) is None
        True
    """
    start = file.read(len(_PNG))
    if start == _PNG:
        size = _png(file)
    elif start[:3] == b"\xff\xd8\xff":
        file.seek(2)
        size = _jpeg(file)
    else:
        return None
    return size if size is not None and 0 < size[0] * size[1] <= _MOST_PIXELS else None


def _png(file: IO[bytes]) -> tuple[int, int] | None:
    head = file.read(_IHDR.size)
    if len(head) < _IHDR.size:
        return None
    length, kind, width, height, depth, color, packing, filtering, _, checksum = _IHDR.unpack(head)
    if (length, kind, packing, filtering) != (13, b"IHDR", 0, 0) or depth not in _DEPTHS.get(color, ()):
        return None
    if zlib.crc32(head[4:-4]) != checksum:
        return None
    return (width, height) if file.read(_CHUNK.size)[4:] == b"IDAT" else None


def _jpeg(file: IO[bytes]) -> tuple[int, int] | None:
    size = None
    for _ in range(_MOST):
        head = file.read(_SEGMENT.size)
        if len(head) < _SEGMENT.size:
            return None
        mark, kind, length = _SEGMENT.unpack(head)
        if mark != 0xFF or kind not in _PLAIN or length < 2:
            return None
        if kind == _SCAN:
            return size if len(file.read(length - 2)) == length - 2 else None
        if kind in _FRAMES:
            body = file.read(length - 2)
            if size is not None or len(body) < _FRAME.size:
                return None
            depth, height, width, n_parts = _FRAME.unpack_from(body)
            if depth != 8 or n_parts not in (1, 3, 4) or len(body) != _FRAME.size + 3 * n_parts:
                return None
            size = width, height
        else:
            file.seek(length - 2, 1)
    return None
