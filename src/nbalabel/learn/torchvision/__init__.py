"""Models of torchvision (BSD-3-Clause) as nbalabel models: no ultralytics, no AGPL.

package    importing torch and torchvision     weights    finding, reading and writing tensors
networks   Mask R-CNN and backbones by name    stacks     images of any sizes as batches, and feature maps
backbone   embeddings by any network           predictor  Mask R-CNN on a batch, masks at full resolution
targets    training examples of Mask R-CNN     training   its loop, schedule and measurements
open_regions   no background learned there
model      train, predict, embed               embed      embeddings by name of a network, or by a model
batches    what a training draws, as values
"""

from __future__ import annotations

from .model import MaskRCNN

__all__ = ["MaskRCNN"]
