"""Proposals without a network: thresholds and watersheds, with parameters learned from a few labeled images.

threshold  separates objects from the background     judge   predicts how good a region is
flooding   separates touching objects by watershed   search  chooses a few thresholds on labeled images
look       describes a region in numbers             finder  finds regions of an image, best ones first
examples   reads labeled images at working size      model   ``Watershed``: train, predict, embed
"""

from __future__ import annotations

from .model import Watershed

__all__ = ["Watershed"]
