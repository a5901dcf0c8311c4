"""OpenCV, which is loaded where it is needed and may not be installed."""

from __future__ import annotations

from types import ModuleType

from .errors import MissingExtraError


def opencv(what: str) -> ModuleType:
    """The module.

    Args:
        what: needs it, for the message.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise MissingExtraError(
            f"{what} needs OpenCV, which is not installed: pip install opencv-python-headless"
        ) from error
    module: ModuleType = cv2
    return module
