"""The public names and where each lives, one import a line.

Type checkers and editors read this file, and ``__init__.py`` reads it at run time.
"""

from . import demo as demo
from .core import errors as errors
from .core.geometry.outlines.inside import inside as inside
from .core.segmenting.boxcut import BoxCut as BoxCut
from .core.segmenting.grabcut import GrabCut as GrabCut
from .core.segmenting.protocol import Segmenter as Segmenter
from .core.show.display import Display as Display
from .core.tables.mask_inputs import decode_mask as decode_mask
from .core.tables.mask_inputs import encode_mask as encode_mask
from .data.dataset.dataset import Dataset as Dataset
from .data.dataset.dataset import create as create
from .data.dataset.dataset import open as open  # noqa: A004  # nl.open reads like pandas' and rasterio's
from .data.dataset.join import join as join
from .data.dataset.paste import paste as paste
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
from .learn.audits.asked import Audit as Audit
from .learn.audits.audit import audit as audit
from .learn.classical import Watershed as Watershed
from .learn.embed.plane import project as project
from .learn.embed.pooling import Embeddings as Embeddings
from .learn.follow.follow import follow as follow
from .learn.forecast.growth_curve import GrowthCurve as GrowthCurve
from .learn.forecast.growth_curve import growth_curve as growth_curve
from .learn.forecast.points import growth_points as growth_points
from .learn.forecast.points import growth_subsets as growth_subsets
from .learn.forecast.stability import Stability as Stability
from .learn.forecast.stability import stable as stable
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
from .learn.planning.plan import plan as plan
from .learn.planning.planned import Plan as Plan
from .learn.prediction.segmenter import ModelSegmenter as ModelSegmenter
from .learn.propagate.propagate import propagate as propagate
from .learn.propagate.propagation import Propagation as Propagation
from .learn.quality.agreement import agreement as agreement
from .learn.quality.predicted_iou import MaskQuality as MaskQuality
from .learn.quality.predicted_iou import mask_quality as mask_quality
from .learn.refine.refine import refine as refine
from .learn.runs.run import Run as Run
from .learn.suspects.crops.described import InstanceEmbeddings as InstanceEmbeddings
from .learn.suspects.crops.instance_embeddings import instance_embeddings as instance_embeddings
from .learn.suspects.crops.similar import similar as similar
from .learn.suspects.found import Suspects as Suspects
from .learn.suspects.suspects import suspects as suspects
from .learn.torchvision import MaskRCNN as MaskRCNN
from .learn.torchvision.embed import embed as embed
from .learn.yolo import Yolo as Yolo
from .predictions import read_predictions as read_predictions
from .widgets.augment.augmentations import Augmentations as Augmentations
from .widgets.charts.confusion import Confusion as Confusion
from .widgets.charts.histogram import Histogram as Histogram
from .widgets.charts.learning_curves import LearningCurves as LearningCurves
from .widgets.charts.precision_recall import PrecisionRecall as PrecisionRecall
from .widgets.charts.reliability import Reliability as Reliability
from .widgets.explore import explore as explore
from .widgets.gallery.gallery import Gallery as Gallery
from .widgets.plan.plan_view import PlanView as PlanView
from .widgets.review.review import Review as Review
from .widgets.scatter.scatter import Scatter as Scatter
from .widgets.table.table import Table as Table
from .widgets.verify.verify import Verify as Verify
from .widgets.viewer.editor import Editor as Editor
from .widgets.viewer.viewer import Viewer as Viewer
from .widgets.workspace.workspace import Workspace as Workspace

__version__: str
__all__: list[str]
