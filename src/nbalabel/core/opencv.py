"""OpenCV, an optional package that is imported only where it is needed."""

from __future__ import annotations

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
