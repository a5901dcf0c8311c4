"""How far boxes and masks overlap, pair by pair.

In: boxes as arrays, or columns of masks.
Out: IoU of the pairs that can overlap.
"""
