"""``Augmentations``: the batches that a training draws, and what weights make of the labels.

In: a model that shows its batches.
Out: their pictures with masks, and a chart of labels.
"""
