"""Label propagation: ask about a few masks of a cluster and apply the answers to the whole cluster."""
