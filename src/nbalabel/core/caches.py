"""The folder of what can be had again: weights, pictures from elsewhere, settings of other packages."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """``NBALABEL_CACHE``, or the user's cache folder."""
    named = os.environ.get("NBALABEL_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache"
    return Path(base).expanduser() / "nbalabel"
