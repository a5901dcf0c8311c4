"""Pixels for the browser: thumbnails, crops, whole images and their sharp parts.

In: image files.
Out: JPEG and PNG bytes, cached.
"""
