"""``Tables``: labeled images in memory, and subsets of them.

In: frames from a reader, a Dataset or a user.
Out: checked tables; ``save`` makes a dataset of them.
"""
