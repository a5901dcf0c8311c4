"""Join datasets (match labels, renumber ids), and split images into train, val and test.

In: tables of one or more datasets.
Out: changes that add rows, or set the column ``split``.
"""
