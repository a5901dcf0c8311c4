"""The share of each label among the instances of a training, before and after images are drawn by weight."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .examples import Examples


def balance(examples: Examples, names: Sequence[str]) -> pd.DataFrame:
    """Counts of labels, and the shares that they have among what is drawn.

    An image is drawn ``n * weight / sum of weights`` times a pass on average, and mosaic adds images in the
    same proportion. So a label's expected share is exactly ``sum of weight * count`` over that of all labels;
    what random transforms move out of the picture is not part of it.

    Args:
        examples: the images that are drawn.
        names: the labels, in order.

    Returns:
        One row per label: ``instances`` int64; ``share`` and ``drawn`` float64 0..1, each adds up to 1.
    """
    n = len(names)
    counts = np.zeros((len(examples), n))
    for row, codes in zip(counts, examples.classes, strict=True):
        row += np.bincount(codes.astype(np.int64), minlength=n)
    plain, weighted = counts.sum(axis=0), examples.weights @ counts
    found = {
        "instances": plain.astype(np.int64),
        "share": plain / max(plain.sum(), 1.0),
        "drawn": weighted / (weighted.sum() or 1.0),
    }
    return pd.DataFrame(found, index=pd.Index(names, name="label"))
