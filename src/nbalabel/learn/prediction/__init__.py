"""Shared by all predictions: images in batches, resumable parts, masks in the images' own pixels.

In: tables of images and a finder of masks; or an image with points and a box.
Out: Runs with predictions and embeddings; or the mask of one object.
"""
