"""One page about a dataset: what was done, how good it is, what is in it, what is left.

In: a Dataset and runs.
Out: a Report: tables, and one HTML page without scripts.
"""
