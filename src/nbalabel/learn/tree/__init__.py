"""Complete-linkage trees: a Euclidean space, its distances, merges in it, and a forest made of the merges."""
