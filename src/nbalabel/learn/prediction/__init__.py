"""What every prediction here shares: over images in batches, resumable, back to original pixels.

In: tables of images and a finder of masks.
Out: Runs with predictions and embeddings.
"""
