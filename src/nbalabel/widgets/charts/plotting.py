"""bqplot, imported quietly: one of its own dependencies warns when it is imported."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # bqscales passes metadata to a trait's constructor, which traitlets has deprecated.
    warnings.filterwarnings("ignore", "metadata .* was set from the constructor", DeprecationWarning)
    import bqplot

__all__ = ["bqplot"]
