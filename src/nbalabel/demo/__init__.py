"""The generated dataset of the demo, the docs and the tests, and someone to answer questions about it."""

from .reef import Scenes, generate, reef, truth
from .reviewer import Reviewer
from .scene import Frame
from .simulated import simulated_run

__all__ = ["Frame", "Reviewer", "Scenes", "generate", "reef", "simulated_run", "truth"]
