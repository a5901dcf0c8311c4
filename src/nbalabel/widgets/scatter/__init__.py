"""``Scatter``: points for rows, a million of them.

In: two columns, or the embedding of a run.
Out: coordinates and colors as arrays.
"""
