"""Proposals without a network: thresholds and watersheds, with numbers learned from a few labeled images.

threshold  light or dark things apart from their ground    judge   how good a region probably is, learned
flooding   touching things apart, by watershed             search  which few thresholds serve, on the labels
look       what a region looks like, in numbers            finder  regions of an image, best ones first
examples   labeled images at working size                  model   ``Watershed``: train, predict, embed
"""

from __future__ import annotations

from .model import Watershed

__all__ = ["Watershed"]
