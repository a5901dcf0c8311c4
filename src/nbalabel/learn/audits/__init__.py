"""Audits of any set of masks: what share of them is right, from a random sample of answers.

In: rows of a dataset or a run; answers of a person, asked like those of a propagation.
Out: bounds of the share right that hold at any time, and a certificate for the dataset to keep.
"""
