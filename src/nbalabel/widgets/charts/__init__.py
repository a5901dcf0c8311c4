"""bqplot charts of a workspace: histograms, confusion, precision and recall, reliability, curves.

In: columns and runs of a workspace.
Out: figures whose brush is a clause.
"""
