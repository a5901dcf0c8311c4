"""``Scatter``: one point per row, up to a million.

In: two columns, or the embedding of a run.
Out: coordinates and colors as arrays.
"""
