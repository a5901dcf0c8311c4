"""File formats: ``read_*`` functions return Tables, ``write_*`` functions take tables and report losses."""

from .coco.read import read_coco
from .coco.results import read_coco_results
from .coco.write import write_coco
from .cvat.read import read_cvat
from .cvat.write import write_cvat
from .datumaro.read import read_datumaro
from .datumaro.write import write_datumaro
from .labelbox.read import read_labelbox
from .labelbox.write import write_labelbox
from .labelme.read import read_labelme
from .labelme.write import write_labelme
from .labelstudio.read import read_labelstudio
from .labelstudio.write import write_labelstudio
from .rasters.instance_masks import read_instance_masks, write_instance_masks
from .rasters.label_maps import read_label_maps, write_label_maps
from .rasters.semantic import read_semantic, write_semantic
from .records.report import WriteReport
from .voc.read import read_voc
from .voc.write import write_voc
from .yolo.read import read_yolo
from .yolo.write import write_yolo

__all__ = [
    "WriteReport",
    "read_coco",
    "read_coco_results",
    "read_cvat",
    "read_datumaro",
    "read_instance_masks",
    "read_label_maps",
    "read_labelbox",
    "read_labelme",
    "read_labelstudio",
    "read_semantic",
    "read_voc",
    "read_yolo",
    "write_coco",
    "write_cvat",
    "write_datumaro",
    "write_instance_masks",
    "write_label_maps",
    "write_labelbox",
    "write_labelme",
    "write_labelstudio",
    "write_semantic",
    "write_voc",
    "write_yolo",
]
