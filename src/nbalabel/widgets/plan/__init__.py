"""The view of a plan: a button for each kind of work.

In: a workspace, and a plan as a value.
Out: a view on the rows of the kind of work that was clicked.
"""
