"""YOLO models of ultralytics as an nbalabel model: the only place that knows ultralytics.

examples  which rows of the tables train, how often        weights     finding, reading and writing them
outlines  masks as paths that keep holes and islands        letterbox   input pixels and original pixels
dataset   ultralytics' dataset class over examples          predictor   the network on a batch
trainer   ultralytics' training loop, in memory             inference   over all images, in parts (parts)
progress  bar and live curve                                quiet       ultralytics without its voice
"""

from __future__ import annotations

from .model import Yolo

__all__ = ["Yolo"]
