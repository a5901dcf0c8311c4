"""Label Studio's brush masks: the bytes of an RGBA picture, packed by thi.ng's rle-pack.

A stream of bits, the highest of each byte first: 32 bits for the number of words, 5 for the bits of a word
less one, four times 4 for the bits of a count less one. Then blocks: one bit that says whether a word
repeats, two for which of the four counts follows, the count less one, and that word, or as many words as
counted. A word is a byte here, and the mask is every fourth one, the opacity.

Source: https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack
"""

from __future__ import annotations

import numpy as np

from ....core.errors import FormatError
from ....core.geometry.masks import rle
from ..masks.drawn import row_runs

_HEAD = 32 + 5 + 4 * 4
_COUNTS = np.array([3, 7, 11, 16])  # bits of a count, in what we write
_LONGEST = 1 << 16
_INSIDE = 128  # opacity from which a pixel is inside


def packed(mask: bytes, height: int, width: int) -> list[int]:
    """A mask as Label Studio holds it: bytes, white and opaque where the mask is.

    Example:
        >>> packed(b"112", 2, 2)[:4]  # 16 words
        [0, 0, 0, 16]
    """
    flat = np.ascontiguousarray(rle.decode(mask, height, width)).ravel()
    bounds = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1, [len(flat)]])
    length, white = 4 * np.diff(bounds), flat[bounds[:-1]]
    n_pieces = -(-length // _LONGEST)
    piece = np.repeat(length, n_pieces)
    last = np.cumsum(n_pieces) - 1
    count = np.full(len(piece), _LONGEST)
    count[last] = length - _LONGEST * (n_pieces - 1)
    which = np.searchsorted(_COUNTS, np.ceil(np.log2(np.maximum(count, 2))).astype(np.int64))
    bits = _COUNTS[which]
    word = np.where(np.repeat(white, n_pieces), 255, 0)
    value = ((((1 << 2) | which) << bits) | (count - 1)) << 8 | word
    head = np.array([4 * len(flat), 7, *(_COUNTS - 1)])
    head_bits = np.array([32, 5, 4, 4, 4, 4])
    return _bytes(np.concatenate([head, value]), np.concatenate([head_bits, 3 + bits + 8]))


def unpacked(data: list[int], height: int, width: int, where: str) -> bytes:
    """The mask of bytes as Label Studio holds them.

    Args:
        data: the bytes, 0..255.
        height: of the image, pixels.
        width: of the image, pixels.
        where: name of the mask for messages.

    Raises:
        FormatError: these are no bytes, they end too early, or are of another size than the image.

    Example:
        >>> unpacked(packed(b"112", 2, 2), 2, 2, "mask 1")
        b'112'
    """
    try:
        stream = bytes(data)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{where}: rle must be a list of bytes, 0..255") from error
    bits = np.unpackbits(np.frombuffer(stream, np.uint8))
    if len(bits) < _HEAD:
        raise FormatError(f"{where}: rle ends within its head, after {len(stream)} bytes")
    n, wide = _number(stream, 0, 32), _number(stream, 32, 5) + 1
    if wide != 8 or n != 4 * height * width:
        raise FormatError(
            f"{where}: rle must hold {4 * height * width} words of 8 bits, RGBA of {width} x {height} "
            f"pixels; it holds {n} of {wide}"
        )
    counts = [_number(stream, 37 + 4 * k, 4) + 1 for k in range(4)]
    begin, end = _opaque(stream, bits, n, counts, where)
    return row_runs(begin, end, height, width)


def _opaque(
    stream: bytes, bits: np.ndarray, n: int, counts: list[int], where: str
) -> tuple[np.ndarray, np.ndarray]:
    """First pixel, and pixel after the last, of the runs that are opaque, row by row."""
    at, word, begins, ends = _HEAD, 0, [], []
    while word < n:
        if at + 3 > len(bits):
            raise FormatError(f"{where}: rle ends after {word} of {n} words")
        block = _number(stream, at, 3)
        size = counts[block & 3]
        stop = word + 1 + _number(stream, at + 3, size)
        at += 3 + size
        needed = 8 if block >> 2 else 8 * (stop - word)
        if at + needed > len(bits) or stop > n:
            raise FormatError(f"{where}: rle ends after {word} of {n} words")
        if block >> 2:
            if _number(stream, at, 8) >= _INSIDE:
                begins.append([word])
                ends.append([stop])
        else:
            values = np.packbits(bits[at : at + needed]) >= _INSIDE
            here = word + np.flatnonzero(values)
            begins.append(here.tolist())
            ends.append((here + 1).tolist())
        at, word = at + needed, stop
    first = np.array([b for block in begins for b in block], np.int64)
    last = np.array([e for block in ends for e in block], np.int64)
    pixel, until = first // 4, last // 4  # the opacity is word 3 of each pixel
    full = until > pixel
    return pixel[full], until[full]


def _number(stream: bytes, at: int, bits: int) -> int:
    """An unsigned number of so many bits from a place in the stream; zeros follow the end."""
    first = at >> 3
    window = stream[first : first + 5].ljust(5, b"\0")
    return int.from_bytes(window, "big") >> (40 - (at & 7) - bits) & ((1 << bits) - 1)


def _bytes(values: np.ndarray, bits: np.ndarray) -> list[int]:
    """Numbers of so many bits one after the other, the last byte filled with zeros."""
    shift = np.repeat(np.cumsum(bits), bits) - np.arange(int(bits.sum())) - 1
    flags = (np.repeat(values, bits) >> shift & 1).astype(np.uint8)
    found: list[int] = np.packbits(flags).tolist()
    return found
