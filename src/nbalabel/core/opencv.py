"""OpenCV, an optional package that is imported only where it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from .errors import MissingExtraError


def opencv(what: str) -> ModuleType:
    """The module ``cv2``.

    Args:
        what: name of the feature that needs OpenCV, for the message.

    Raises:
        MissingExtraError: OpenCV is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise MissingExtraError(
            f"{what} needs OpenCV, which is not installed: pip install opencv-python-headless"
        ) from error
    module: ModuleType = cv2
    return module


@contextmanager
def one_thread(what: str) -> Iterator[None]:
    """Run OpenCV on one thread: on small patches more cost more than they gain, and may stall.

    Optical flow by dense inverse search also gives other numbers with another number of threads.

    Args:
        what: name of the feature that needs OpenCV, for the message.

    Raises:
        MissingExtraError: OpenCV is not installed.
    """
    cv2 = opencv(what)
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
