"""Unlabeled image files of users, in folders and videos, for ``read_images`` and ``ds.add_images``."""

from .folder import read_images

__all__ = ["read_images"]
