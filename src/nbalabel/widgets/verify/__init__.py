"""``Verify``: a few masks of a cluster, answered yes or no.

In: a propagation.
Out: its questions as crops, and the answers that it records.
"""
