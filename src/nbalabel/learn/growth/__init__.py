"""How a labeled set grows.

Comes in: a dataset's tables and a run. Goes out: which images to complete next, and why; which seem
to hold nothing.
"""
