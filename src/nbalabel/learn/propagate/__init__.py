"""Label propagation: ask about a few masks of a cluster, let the answer count for all of it."""
