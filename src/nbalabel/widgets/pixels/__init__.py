"""Pixels for the browser: thumbnails, crops, whole images and their parts at full resolution.

In: image files.
Out: JPEG and PNG bytes, cached.
"""
