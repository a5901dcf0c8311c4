"""``Workspace``: a dataset, a run, and the selection and display that all views share.

In: clauses of views, and columns of tables.
Out: allowed rows, columns to draw, the selection as code for a cell.
"""
