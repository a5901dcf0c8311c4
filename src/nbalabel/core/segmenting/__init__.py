"""Segmenters that need no weights.

In: an image, points and a box. Out: the mask of one object and a score.
"""
