"""Conversions of masks for the formats: polygons, outlines, boxes and areas.

In: corners or run-length masks.
Out: run-length masks or corners.
"""
