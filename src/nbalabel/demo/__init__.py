"""Generated pictures for the demo, the docs and the tests, and someone to answer questions about them."""

from .annotator import Annotator
from .cells import cells
from .nuclei import nuclei
from .reef import Scenes, generate, reef, truth
from .reviewer import Reviewer
from .simulated import simulated_run
from .underwater.scene import Frame

__all__ = [
    "Annotator",
    "Frame",
    "Reviewer",
    "Scenes",
    "cells",
    "generate",
    "nuclei",
    "reef",
    "simulated_run",
    "truth",
]
