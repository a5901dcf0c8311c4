"""``Table``: up to a million rows, sorted, filtered, edited.

In: a table of a workspace.
Out: pages of cells, and its HTML without a kernel.
"""
