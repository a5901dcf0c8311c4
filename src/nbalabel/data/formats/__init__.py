"""File formats: a ``read_*`` returns Tables, a ``write_*`` takes tables and reports what was lost."""

from .coco import read_coco
from .coco_results import read_coco_results
from .coco_write import write_coco
from .instance_masks import read_instance_masks, write_instance_masks
from .label_maps import read_label_maps, write_label_maps
from .labelme import read_labelme
from .labelme_write import write_labelme
from .report import WriteReport
from .semantic import read_semantic, write_semantic
from .yolo import read_yolo
from .yolo_write import write_yolo

__all__ = [
    "WriteReport",
    "read_coco",
    "read_coco_results",
    "read_instance_masks",
    "read_label_maps",
    "read_labelme",
    "read_semantic",
    "read_yolo",
    "write_coco",
    "write_instance_masks",
    "write_label_maps",
    "write_labelme",
    "write_semantic",
    "write_yolo",
]
