"""How far boxes and masks overlap, and which of those that do stay.

In: boxes as arrays, or columns of masks.
Out: IoU of the pairs that can overlap; of masks that overlap, those that are beaten by a better one.
"""
