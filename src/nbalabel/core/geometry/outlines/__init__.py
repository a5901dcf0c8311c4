"""Polygons: trace them from masks, simplify and fill them, and test which points lie inside.

In: run-length masks, or corners as arrays.
Out: corners as arrays, or run-length masks.
"""
