"""Run-length masks: coding, measuring, combining, many rows at once.

In: pixels, or masks as COCO strings.
Out: masks as COCO strings, and numbers about them.
"""
