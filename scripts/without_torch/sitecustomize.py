"""A Python without torch, for tutorials that then load stored runs: ``PYTHONPATH=scripts/without_torch``.

Python imports this by itself when it starts. A module that is None cannot be imported, and is not found.
"""

import sys

for name in ("torch", "torchvision", "ultralytics"):
    sys.modules[name] = None  # type: ignore[assignment]
