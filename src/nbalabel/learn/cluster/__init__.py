"""Complete-linkage cluster trees of masks, exact for thousands, on two levels for millions.

In: feature vectors, scores, labels.
Out: forests: each cluster is a contiguous range in one order of the rows.
"""
