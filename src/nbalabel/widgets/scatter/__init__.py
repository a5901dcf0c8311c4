"""``Scatter``: one point per row; of a large table the density of all, and a sample of them.

In: two columns, or the embedding of a run.
Out: coordinates and colors as arrays; of a large table counts and points of the window in view.
"""
