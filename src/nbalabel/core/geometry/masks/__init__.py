"""Run-length masks: encode, decode, measure and combine, vectorised over many rows.

In: pixels, or masks as COCO strings.
Out: masks as COCO strings, and numbers about them.
"""
