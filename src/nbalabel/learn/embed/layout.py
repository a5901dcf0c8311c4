"""The embeddings of a run laid out on a plane, once for all views that show them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ...core.errors import DataError
from .plane import Projection, project
from .reducers import FITS, Floats

if TYPE_CHECKING:
    from .pooling import Embeddings


@dataclass(frozen=True, eq=False)
class Layout:
    """Points of rows on a plane.

    Attributes:
        ids: ids of images or of predictions, ``(n,)`` int64.
        projection: projection of their embeddings; their PCA while a fit runs in the background.
    """

    ids: npt.NDArray[np.int64]
    projection: Projection

    @property
    def points(self) -> Floats:
        """``(n, 2)`` float32 as they are now; rows of NaN where an embedding is missing."""
        return self.projection.points

    @property
    def method(self) -> str:
        """The method of the current points, "pca", "umap" or "pacmap"."""
        return self.projection.method

    @property
    def ready(self) -> bool:
        """Whether the points are final."""
        return self.projection.ready

    def wait(self, timeout: float | None = None) -> Layout:
        """Wait for a fit in the background; see :meth:`Projection.wait`."""
        self.projection.wait(timeout)
        return self

    def at(self, ids: npt.ArrayLike) -> Floats:
        """Points of these rows, ``(m, 2)`` float32; NaN for those that have none."""
        wanted = np.asarray(ids, np.int64)
        order = np.argsort(self.ids, kind="stable")
        place = np.searchsorted(self.ids, wanted, sorter=order)
        out = np.full((len(wanted), 2), np.nan, np.float32)
        if len(self.ids):
            found = order[np.minimum(place, len(order) - 1)]
            known = self.ids[found] == wanted
            out[known] = self.points[found[known]]
        return out


def installed(method: str) -> bool:
    """Whether a method can be used here; True for unknown methods, which are refused where they are used."""
    return method == "pca" or method not in FITS or find_spec(method) is not None


def layout(
    embeddings: Embeddings, of: str, *, method: str = "umap", background: bool = False, seed: int = 0
) -> Layout:
    """Lay out the embeddings of images or predictions; see :meth:`nbalabel.Run.layout`."""
    if of not in ("images", "predictions"):
        raise DataError(f"of must be images or predictions, got {of!r}: runs embed nothing else")
    if method not in FITS:
        raise DataError(f"method must be one of {', '.join(FITS)}, got {method!r}")
    images = of == "images"
    ids = embeddings.image_ids if images else embeddings.instance_ids
    if not len(ids):
        raise DataError(f"the run has no embeddings of {of}: model.predict and model.embed make them")
    vectors = embeddings.image if images else embeddings.instance
    return Layout(ids, project(vectors, method, seed=seed, background=background))
