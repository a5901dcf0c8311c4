"""Masks as formats need them: polygons, outlines for other readers, boxes and areas.

In: corners or run-length masks.
Out: run-length masks or corners.
"""
