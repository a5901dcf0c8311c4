"""Shared by all predictions: images in batches, resumable parts, masks in the images' own pixels.

In: tables of images and a finder of masks.
Out: Runs with predictions and embeddings.
"""
