"""Masks, boxes and polygons as arrays: run-length masks (``rle``), ``polygon``, ``box`` and ``components``.

Masks are COCO compressed run-length strings throughout. Coordinates are pixels, x right, y down, (0, 0) the
outer corner of the first pixel.
"""
