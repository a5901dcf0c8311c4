"""Datasets put together and parted: labels matched, ids given anew, images split.

In: tables of one or more datasets.
Out: changes that bring rows in, and splits of whole groups.
"""
