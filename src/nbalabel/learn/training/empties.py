"""Images with nothing on them: how large a share of the draws of a training they get at most."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...core.errors import ModelError
from .examples import Examples

EMPTY_SHARE = 0.1
"""Default; see docs/training.md, "Images with nothing on them"."""


def check_share(share: float) -> None:
    """Refuse a share of empty images that is none.

    Raises:
        ModelError: it is not from 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ModelError(f"empty_share must be a share of the draws from 0 to 1, got {share}")


def limited(examples: Examples, share: float) -> Examples:
    """The same images, those without any instance drawn at most this often.

    Weights of images without an instance are multiplied by one factor, so that together they are at most
    ``share`` of all draws, also of those that mosaic adds; their proportions stay. They are not raised where
    they are fewer. With 0 they are left out.

    Args:
        examples: images to learn from, with weights.
        share: largest share of the draws, 0..1.
    """
    empty = np.array([not len(paths) for paths in examples.paths], dtype=bool)
    of_empty, of_others = examples.weights[empty].sum(), examples.weights[~empty].sum()
    if not empty.any() or empty.all() or of_empty <= share * (of_empty + of_others):
        return examples
    if share == 0:
        return examples.take(np.flatnonzero(~empty).tolist())
    factor = share * of_others / ((1 - share) * of_empty)
    return replace(examples, weights=np.where(empty, examples.weights * factor, examples.weights))
