"""Cutting things out of pictures and blending them into others.

In: pixels and masks as arrays.
Out: pixels and masks as arrays.
"""
