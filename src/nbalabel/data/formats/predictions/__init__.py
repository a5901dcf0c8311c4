"""Predictions of any model, from a results file, a DataFrame, or arrays image by image.

In: the outputs of other libraries.
Out: a table of predictions.
"""
