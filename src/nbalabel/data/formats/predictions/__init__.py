"""Predictions of any model, from a results file, a DataFrame, or arrays image by image.

In: what other libraries hand out.
Out: a table of predictions.
"""
