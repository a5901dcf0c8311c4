"""Geometry of masks: ``masks`` (run-length coding), ``outlines`` (polygons) and ``overlap`` (IoU).

Masks are COCO compressed run-length strings everywhere. Coordinates are pixels, x right, y down, (0, 0) the
outer corner of the first pixel.
"""
