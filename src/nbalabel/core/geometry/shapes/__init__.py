"""Shape and place of many masks, from run lengths alone.

In: masks as COCO strings, sizes of their images.
Out: arrays, one number a mask: parts, holes, perimeter, solidity, aspect, centre, distance to the border.
"""
