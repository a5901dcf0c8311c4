"""How good predictions are: matching, average precision as COCO counts it, curves.

In: tables of predictions and instances.
Out: numbers and DataFrames.
"""
