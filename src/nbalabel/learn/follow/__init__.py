"""Masks carried along a sequence of images by optical flow, each with a score of how far the flow agrees.

In: tables whose images have ``group`` and ``frame``, and instances to start from.
Out: a Run, whose predictions are the carried masks, each with its ``parent`` and ``distance``.
"""
