"""What more labels would bring, and when successive models agree.

In: numbers of labels with the mAP that they gave; runs on the same images; a model to train on parts of the
labels. Out: a GrowthCurve with intervals; a Stability.
"""
