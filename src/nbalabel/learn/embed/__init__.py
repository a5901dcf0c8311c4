"""Embeddings: vectors of images and masks pooled from feature maps, and their layout on a plane.

In: feature maps, or vectors.
Out: vectors by id, and points on a plane.
"""
