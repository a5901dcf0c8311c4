"""Models that need no training here: first proposals by text, by example, or of everything.

apart    proposals never overlap accepted masks      prompts     texts and examples, checked
propose  predicts and returns a Run                  finds       full-size masks as a `Found`
yoloe    YOLOE: by text or by example                sam3        SAM 3: by text or by exemplars
everything  SAM: all objects, unnamed                text        ultralytics' text encoders, or an error

In: tables and prompts. Out: a Run. They run on ultralytics (AGPL-3.0), through ``learn/yolo``.
"""

from __future__ import annotations

from .everything import Everything
from .sam3 import Sam3
from .yoloe import YoloE

__all__ = ["Everything", "Sam3", "YoloE"]
