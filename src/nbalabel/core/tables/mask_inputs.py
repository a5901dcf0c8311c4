"""Convert masks between what people have (arrays, COCO objects) and what the tables hold (compressed RLE)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ..errors import MaskError, first, short
from ..geometry.masks import rle
from .dtypes import MASK_DTYPE

_PLAIN = (bytes, str, bytearray, memoryview)


def encode_mask(mask: Any) -> bytes:
    """Encode a mask for the column ``mask``: COCO compressed run lengths, as pycocotools writes them.

    Args:
        mask: ``(height, width)`` bool, or numbers where non-zero is inside; or a COCO object
            ``{"size": [height, width], "counts": ...}`` with compressed or plain counts.

    Raises:
        MaskError: the mask is neither of these, or malformed.

    Example:
        >>> encode_mask([[False, True], [False, False]])
        b'211'
        >>> encode_mask({"size": [2, 2], "counts": [2, 1, 1]})
        b'211'
    """
    _check_no_method(mask)
    return _of_coco(mask) if isinstance(mask, Mapping) else rle.encode(pixels(mask))


def decode_mask(mask: Any, height: int | None = None, width: int | None = None) -> npt.NDArray[np.bool_]:
    """The pixels of a mask.

    Args:
        mask: a value of a column ``mask``, or a COCO object, which contains its size.
        height: of the image, pixels; not needed for a COCO object.
        width: of the image, pixels; not needed for a COCO object.

    Returns:
        ``(height, width)`` bool.

    Raises:
        MaskError: the mask is malformed or of another size, or its size is unknown.

    Example:
        >>> decode_mask(b"211", 2, 2).tolist()
        [[False, True], [False, False]]
    """
    _check_no_method(mask)
    if isinstance(mask, Mapping):
        encoded, (height, width) = _of_coco(mask), mask["size"]
    elif height is None or width is None:
        raise MaskError("a mask of bytes does not contain its size: call decode_mask(mask, height, width)")
    else:
        encoded = mask.encode() if isinstance(mask, str) else bytes(mask)
    return np.ascontiguousarray(rle.decode(encoded, int(height), int(width)))


def mask_column(
    masks: pd.Series, heights: npt.NDArray[Any], widths: npt.NDArray[Any], table: str
) -> pd.Series:
    """Encode a column of masks for the tables: arrays and COCO objects are encoded, bytes stay as they are.

    Args:
        masks: ``(n,)``; bytes, text, ``(height, width)`` arrays or COCO objects, possibly mixed.
        heights: height of each row's image, ``(n,)`` pixels.
        widths: width, likewise.
        table: name of the table, for messages.

    Raises:
        MaskError: naming the rows whose arrays or objects are malformed or of another size.
    """
    if isinstance(masks.dtype, pd.ArrowDtype | pd.StringDtype):
        return masks
    found: list[Any] = []
    wrong: list[tuple[Any, str]] = []
    for key, mask, height, width in zip(
        masks.index, masks.tolist(), heights.tolist(), widths.tolist(), strict=True
    ):
        try:
            found.append(_one(mask, height, width))
        except MaskError as error:
            wrong.append((key, str(error)))
    if wrong:
        raise MaskError(
            f"{table}: {len(wrong)} of {len(masks)} masks cannot be used: {first([k for k, _ in wrong])} "
            f"({wrong[0][1]})"
        )
    if set(map(type, found)) <= {bytes}:
        held: Any = pa.array(found, pa.large_binary())
        return pd.Series(pd.array(held, dtype=MASK_DTYPE), index=masks.index, name=masks.name)
    return pd.Series(found, index=masks.index, name=masks.name, dtype=object)


def pixels(mask: Any) -> Any:
    """A NumPy array from an array or a tensor, also one on a GPU."""
    for step in ("detach", "cpu", "numpy"):
        mask = getattr(mask, step)() if hasattr(mask, step) else mask
    return np.asarray(mask)


def _check_no_method(mask: Any) -> None:
    """Refuse a bound method: ``frame.mask`` and ``row.mask`` are pandas methods that hide the column."""
    if callable(mask):
        raise MaskError('expected a mask, got a method: .mask is one of pandas, write row["mask"]')


def _one(mask: Any, height: int, width: int) -> Any:
    """One encoded mask; missing values and unknown types pass through, and the schema reports them."""
    if isinstance(mask, Mapping):
        if list(mask.get("size", ())) != [height, width]:
            size = short(mask.get("size"))
            raise MaskError(f"size must be [height, width] of the image, [{height}, {width}], got {size}")
        return _of_coco(mask)
    is_array = isinstance(mask, list | tuple) or hasattr(mask, "__array__")
    if isinstance(mask, _PLAIN) or not is_array:
        return mask
    array: Any = pixels(mask)
    if array.shape != (height, width):
        raise MaskError(f"an array must have the shape of its image, ({height}, {width}), got {array.shape}")
    return rle.encode(array)


def _of_coco(mask: Mapping[str, Any]) -> bytes:
    """A COCO object's run lengths, compressed."""
    size, counts = mask.get("size"), mask.get("counts")
    try:
        height, width = (int(side) for side in size or ())
    except (TypeError, ValueError) as error:
        raise MaskError(f"a COCO mask needs size [height, width], got {short(size)}") from error
    if isinstance(counts, str | bytes):
        encoded = counts.encode() if isinstance(counts, str) else counts
    else:
        encoded = _compressed(counts, height * width)
    rle.check([encoded], np.array([height]), np.array([width]), ids=[0], table="masks")
    return encoded


def _compressed(counts: Any, n_pixels: int) -> bytes:
    try:
        runs = [int(n) for n in counts]
    except (TypeError, ValueError) as error:
        raise MaskError(f"counts must be text or a list of whole numbers, got {short(counts)}") from error
    if not runs or min(runs) < 0 or sum(runs) != n_pixels:
        raise MaskError(f"counts must sum to the pixels of the image, {n_pixels:,}, got {sum(runs):,}")
    return rle.from_counts(runs)
