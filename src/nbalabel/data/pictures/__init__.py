"""Pictures as people have them, folders and videos with nothing labeled: read_images, ds.add_images."""

from .folder import read_images

__all__ = ["read_images"]
