"""IoU of boxes and masks, and suppression of overlapping masks.

In: boxes as arrays, or columns of masks.
Out: IoU of the pairs that overlap; the masks that overlap a better one.
"""
