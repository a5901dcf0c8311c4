"""Polygons: traced from masks, simplified, filled, and points within them.

In: run-length masks, or corners as arrays.
Out: corners as arrays, or run-length masks.
"""
