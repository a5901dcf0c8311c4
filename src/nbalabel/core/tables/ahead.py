"""Pictures one after the other, while those of the next images are already on their way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .schema import LabeledImages

_WINDOW = 32  # images that are on their way, or waiting


def ahead(tables: LabeledImages, image_ids: Sequence[int]) -> Iterator[int]:
    """Image ids in order, for a loop that reads the picture of each.

    Pictures in object storage take some 50 ms each, whatever their size. Tables that can fetch ahead are told
    which images come next; for files of this machine nothing is done.

    Args:
        tables: tables of the images.
        image_ids: ``(n,)``.

    Example:
        >>> class Files:
        ...     def fetch_ahead(self, image_ids):
        ...         print("coming:", list(image_ids))
        >>> list(ahead(Files(), [3, 5]))
        coming: [3, 5]
        [3, 5]
    """
    fetch = getattr(tables, "fetch_ahead", None)
    half = _WINDOW // 2
    for at, image_id in enumerate(image_ids):
        if fetch is not None and at % half == 0:
            begin = 0 if at == 0 else at + half
            fetch(image_ids[begin : at + _WINDOW])
        yield image_id
