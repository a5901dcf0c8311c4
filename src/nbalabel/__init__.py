"""nbalabel: active labeling of segmentation datasets, inside one Jupyter notebook.

The public names load on first use, so ``import nbalabel`` itself is instant and brings neither torch,
scikit-learn nor umap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import demo as demo
    from .core import errors as errors
    from .core.geometry.outlines.inside import inside as inside
    from .core.segmenter import GrabCut as GrabCut
    from .core.segmenter import Segmenter as Segmenter
    from .core.show.display import Display as Display
    from .core.tables.mask_inputs import decode_mask as decode_mask
    from .core.tables.mask_inputs import encode_mask as encode_mask
    from .data.dataset.dataset import Dataset as Dataset
    from .data.dataset.dataset import create as create
    from .data.dataset.dataset import open as open  # noqa: A004  # nl.open reads like pandas' and rasterio's
    from .data.dataset.join import join as join
    from .data.dataset.version import Version as Version
    from .data.formats import read_coco as read_coco
    from .data.formats import read_coco_results as read_coco_results
    from .data.formats import read_instance_masks as read_instance_masks
    from .data.formats import read_label_maps as read_label_maps
    from .data.formats import read_labelme as read_labelme
    from .data.formats import read_semantic as read_semantic
    from .data.formats import read_yolo as read_yolo
    from .data.formats import write_coco as write_coco
    from .data.formats import write_instance_masks as write_instance_masks
    from .data.formats import write_label_maps as write_label_maps
    from .data.formats import write_labelme as write_labelme
    from .data.formats import write_semantic as write_semantic
    from .data.formats import write_yolo as write_yolo
    from .data.images.remote import allow_images_from as allow_images_from
    from .data.pictures import read_images as read_images
    from .data.tables.tables import Tables as Tables
    from .learn.classical import Watershed as Watershed
    from .learn.embed.plane import project as project
    from .learn.embed.pooling import Embeddings as Embeddings
    from .learn.growth.choose import choose as choose
    from .learn.growth.objectness import likely_empty as likely_empty
    from .learn.growth.objectness import objectness as objectness
    from .learn.metrics.coco_ap import evaluate as evaluate
    from .learn.metrics.match import match as match
    from .learn.model import Model as Model
    from .learn.offtheshelf import Everything as Everything
    from .learn.offtheshelf import Sam3 as Sam3
    from .learn.offtheshelf import YoloE as YoloE
    from .learn.offtheshelf.sam import Sam as Sam
    from .learn.propagate.propagate import propagate as propagate
    from .learn.propagate.propagation import Propagation as Propagation
    from .learn.quality.agreement import agreement as agreement
    from .learn.quality.predicted_iou import MaskQuality as MaskQuality
    from .learn.quality.predicted_iou import mask_quality as mask_quality
    from .learn.refine.refine import refine as refine
    from .learn.runs.run import Run as Run
    from .learn.torchvision import MaskRCNN as MaskRCNN
    from .learn.torchvision.embed import embed as embed
    from .learn.yolo import Yolo as Yolo
    from .predictions import read_predictions as read_predictions
    from .widgets.charts.confusion import Confusion as Confusion
    from .widgets.charts.histogram import Histogram as Histogram
    from .widgets.charts.learning_curves import LearningCurves as LearningCurves
    from .widgets.charts.precision_recall import PrecisionRecall as PrecisionRecall
    from .widgets.charts.reliability import Reliability as Reliability
    from .widgets.explore import explore as explore
    from .widgets.gallery.gallery import Gallery as Gallery
    from .widgets.review.review import Review as Review
    from .widgets.scatter.scatter import Scatter as Scatter
    from .widgets.table.table import Table as Table
    from .widgets.verify.verify import Verify as Verify
    from .widgets.viewer.editor import Editor as Editor
    from .widgets.viewer.viewer import Viewer as Viewer
    from .widgets.workspace.workspace import Workspace as Workspace

__version__ = "0.1.0"

_HOME = {
    "Confusion": "widgets.charts.confusion",
    "Editor": "widgets.viewer.editor",
    "Embeddings": "learn.embed.pooling",
    "Dataset": "data.dataset.dataset",
    "Display": "core.show.display",
    "Everything": "learn.offtheshelf",
    "Gallery": "widgets.gallery.gallery",
    "GrabCut": "core.segmenter",
    "Histogram": "widgets.charts.histogram",
    "LearningCurves": "widgets.charts.learning_curves",
    "MaskQuality": "learn.quality.predicted_iou",
    "MaskRCNN": "learn.torchvision",
    "Model": "learn.model",
    "PrecisionRecall": "widgets.charts.precision_recall",
    "Propagation": "learn.propagate.propagation",
    "Reliability": "widgets.charts.reliability",
    "Review": "widgets.review.review",
    "Run": "learn.runs.run",
    "Sam": "learn.offtheshelf.sam",
    "Sam3": "learn.offtheshelf",
    "Scatter": "widgets.scatter.scatter",
    "Segmenter": "core.segmenter",
    "Table": "widgets.table.table",
    "Tables": "data.tables.tables",
    "Verify": "widgets.verify.verify",
    "Version": "data.dataset.version",
    "Viewer": "widgets.viewer.viewer",
    "Watershed": "learn.classical",
    "Workspace": "widgets.workspace.workspace",
    "Yolo": "learn.yolo",
    "YoloE": "learn.offtheshelf",
    "agreement": "learn.quality.agreement",
    "allow_images_from": "data.images.remote",
    "choose": "learn.growth.choose",
    "create": "data.dataset.dataset",
    "decode_mask": "core.tables.mask_inputs",
    "embed": "learn.torchvision.embed",
    "encode_mask": "core.tables.mask_inputs",
    "evaluate": "learn.metrics.coco_ap",
    "explore": "widgets.explore",
    "inside": "core.geometry.outlines.inside",
    "join": "data.dataset.join",
    "likely_empty": "learn.growth.objectness",
    "mask_quality": "learn.quality.predicted_iou",
    "match": "learn.metrics.match",
    "objectness": "learn.growth.objectness",
    "open": "data.dataset.dataset",
    "project": "learn.embed.plane",
    "propagate": "learn.propagate.propagate",
    "read_coco": "data.formats",
    "read_coco_results": "data.formats",
    "read_images": "data.pictures",
    "read_instance_masks": "data.formats",
    "read_label_maps": "data.formats",
    "read_labelme": "data.formats",
    "read_predictions": "predictions",
    "read_semantic": "data.formats",
    "read_yolo": "data.formats",
    "refine": "learn.refine.refine",
    "write_coco": "data.formats",
    "write_instance_masks": "data.formats",
    "write_label_maps": "data.formats",
    "write_labelme": "data.formats",
    "write_semantic": "data.formats",
    "write_yolo": "data.formats",
}
_MODULES = {"demo": "demo", "errors": "core.errors"}

__all__ = ["__version__", *sorted([*_HOME, *_MODULES])]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value: Any = importlib.import_module(f"{__name__}.{_MODULES[name]}")
    elif name in _HOME:
        value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    else:
        from .core.tables.names import instead_of

        names = instead_of(name, __all__[1:])
        raise AttributeError(f"nbalabel has no {name!r}: {names} dir(nl) lists all {len(__all__)} names")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
