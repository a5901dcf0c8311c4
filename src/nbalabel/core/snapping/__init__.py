"""Masks moved to the edges of the picture.

In: the picture, and masks on it.
Out: for each mask the ways to move its outline within a band, and the one that most of them agree on.
"""
