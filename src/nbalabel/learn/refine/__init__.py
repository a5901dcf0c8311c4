"""Sharper masks: outlines that a model drew too coarsely are moved to the edges in the image.

In: a Run and its images. Out: a Run whose masks are replaced where another mask is predicted to be better.
"""
