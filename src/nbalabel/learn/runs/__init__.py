"""``Run``: what a model said about one version, its card, its folder, how it turned out.

In: predictions, curves, tables as they were.
Out: an object to query, and a folder that no code can hide in.
"""
