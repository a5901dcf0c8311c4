"""Models that need no training here: first proposals by text, by example, or of everything.

apart    proposals never overlap what is accepted    prompts     texts and examples, checked
propose  a network's finds as a Run                  finds       full masks as what a network found
yoloe    YOLOE: by text or by example                sam3        SAM 3: by text or by exemplars
everything  SAM: all things, unnamed                 text        ultralytics' text encoders, or an error

Enters: tables and prompts. Leaves: a Run. They run on ultralytics (AGPL-3.0), through ``learn/yolo``.
"""

from __future__ import annotations

from .everything import Everything
from .sam3 import Sam3
from .yoloe import YoloE

__all__ = ["Everything", "Sam3", "YoloE"]
