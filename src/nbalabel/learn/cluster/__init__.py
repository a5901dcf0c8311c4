"""Complete-linkage cluster trees of masks, exact for thousands, on two levels for millions.

In: feature vectors, scores, labels.
Out: forests: each cluster is a run of one order of the rows.
"""
