"""YOLO models of ultralytics as an nbalabel model.

model      train, predict, embed                        origin     weights that a training starts from
dataset    ultralytics' dataset class over examples     ahead      batches made in a thread
trainer    ultralytics' training loop, in memory        criterion  the loss, without open regions
predictor  the network on a batch                       export     .pt and .onnx for other programs
prepared   a training before its first step             batches    what a training draws, as values
randomness the global random generators
mirrored   the same objects in mirrored images

``learn/checkpoints`` reads and writes the weights, ``learn/training`` and ``learn/prediction`` do what all
models share, ``learn/libraries`` keeps ultralytics quiet.
"""

from __future__ import annotations

from .model import Yolo

__all__ = ["Yolo"]
