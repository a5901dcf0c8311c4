"""YOLO models of ultralytics as an nbalabel model: the only place that knows ultralytics.

examples      which rows of the tables train, how often     weights     finding, reading and writing them
architecture  what a file may say of a network              checkpoint  ultralytics' .pt, without running it
outlines      masks as paths with holes and islands         archive     zip files that cannot grow
dataset       ultralytics' dataset class over examples      letterbox   input pixels and original pixels
trainer       ultralytics' training loop, in memory         predictor   the network on a batch
progress      bar and live curve                            inference   over all images, in parts (parts)
quiet         ultralytics without its voice                 threads     torch beside other busy processes
"""

from __future__ import annotations

from .model import Yolo

__all__ = ["Yolo"]
