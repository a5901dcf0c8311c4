"""How large a share of the draws of a training some kinds of images get at most."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...core.errors import ModelError
from .examples import Examples

EMPTY_SHARE = 0.1
"""Default; see docs/training.md, "Images with nothing on them"."""
PARTIAL_SHARE = 1.0
"""Default, no limit; see docs/training.md, "Few complete images beside many partial ones"."""
_MOST = 20.0  # a partial image is drawn at most so many times as rarely as its weight says


@dataclass(frozen=True)
class Limits:
    """Largest shares of the draws, 0..1; 1 sets no limit.

    Attributes:
        empty: of images without any instance.
        partial: of images of which not all is labeled, among the images with an instance.

    Raises:
        ModelError: one is not from 0 to 1.
    """

    empty: float = EMPTY_SHARE
    partial: float = PARTIAL_SHARE

    def __post_init__(self) -> None:
        for name, share in (("empty_share", self.empty), ("partial_share", self.partial)):
            if not 0 <= share <= 1:
                raise ModelError(f"{name} must be a share of the draws from 0 to 1, got {share}")


NO_LIMITS = Limits(1.0, 1.0)


def limited(examples: Examples, limits: Limits) -> Examples:
    """The same images; those of a kind that is limited are drawn at most this often.

    Weights of a kind are multiplied by one factor, so that it gets at most its share of all draws, also of
    those that mosaic adds; proportions within it stay. A kind is not raised where it gets less. With a share
    of 0 it is left out. Partial images are lowered to a twentieth at most, so that few complete ones are not
    drawn all the time; and not at all where there are no complete ones with an instance.

    Args:
        examples: images to learn from, with weights.
        limits: largest shares.
    """
    bare = _bare(examples)
    partial, complete = ~bare & ~examples.whole, ~bare & examples.whole
    examples = _lowered(examples, partial, complete, limits.partial, _MOST)
    bare = _bare(examples)  # anew: some may be left out
    return _lowered(examples, bare, ~bare, limits.empty)


def _bare(examples: Examples) -> npt.NDArray[np.bool_]:
    return np.array([not len(paths) for paths in examples.paths], dtype=bool)


def _lowered(
    examples: Examples,
    some: npt.NDArray[np.bool_],
    others: npt.NDArray[np.bool_],
    share: float,
    most: float = np.inf,
) -> Examples:
    """Some images drawn at most this often beside others, and at most ``most`` times as rarely as before."""
    theirs, rest = examples.weights[some].sum(), examples.weights[others].sum()
    if not rest or theirs <= share * (theirs + rest):
        return examples
    if share == 0:
        return examples.take(np.flatnonzero(~some).tolist())
    factor = max(share * rest / ((1 - share) * theirs), 1 / most)
    return replace(examples, weights=np.where(some, examples.weights * factor, examples.weights))
