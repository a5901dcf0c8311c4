"""Crops of masks as numbers: vectors, a guess of the label, the chance that it is background.

In: tables with pixels, masks.
Out: a vector per mask, without pretrained weights; look-alikes.
"""
