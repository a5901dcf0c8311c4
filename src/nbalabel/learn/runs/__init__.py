"""``Run``: the result of a model on one version, with its card, its files and its outcomes.

In: predictions, curves, tables as they were.
Out: an object to query, and a folder in which no file can run code.
"""
