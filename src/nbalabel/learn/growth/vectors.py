"""Image embeddings as unit vectors, less the mean of all images."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...core.errors import DataError
from ..runs.run import Run

Floats = npt.NDArray[np.float32]


def vectors(run: Run, ids: npt.ArrayLike) -> Floats:
    """Embeddings of images, centred over all of the run's and of unit length, ``(n, d)``.

    Raises:
        DataError: the run has no image embeddings.
    """
    if not len(run.embeddings.image_ids):
        raise DataError(f"{run.id} has no image embeddings: predict with embed=True")
    found = run.embeddings.images(np.asarray(ids, np.int64)) - run.embeddings.image.mean(
        axis=0, dtype=np.float32
    )
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.maximum(lengths, 1e-9), np.float32)
