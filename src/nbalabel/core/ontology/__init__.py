"""The ontology: what labels mean, how they nest, and which questions are asked of images and instances.

In: declarations as people write them, or JSON.
Out: an immutable Ontology, its entries as they change, and which rows a condition holds for.
"""
