"""Which instances are copies that ``nl.paste`` made, and of which images.

A pasted image has copies alone: of the instances of its background, and of those pasted into it. Their source
is "synthetic", and their origin names the call, the part and the parents:
``paste-1a2b3c4d/pasted/instance 12 of image 3 onto image 35``. Such an image holds pixels of several images:
measured on one of them, a model that learned from it seems better than it is.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..id_sets import distinct

PREFIX = "paste-"

_PARENTS = re.compile(rf"{PREFIX}\w+/\w+/instance \d+ of image (?P<of>\d+)(?: onto image (?P<onto>\d+))?")


def pasted_origin(call: str, instance_id: int, image_id: int, background: int) -> str:
    """The origin of a copy that was pasted.

    Args:
        call: origin of all copies of one call, ``paste-...``.
        instance_id: the instance that was copied.
        image_id: its image.
        background: the image that it was pasted onto.

    Example:
        >>> pasted_origin("paste-1a2b", 12, 3, 35)
        'paste-1a2b/pasted/instance 12 of image 3 onto image 35'
    """
    return f"{call}/pasted/instance {instance_id} of image {image_id} onto image {background}"


def background_origin(call: str, instance_id: int, image_id: int) -> str:
    """The origin of a copy that came with its background.

    Example:
        >>> background_origin("paste-1a2b", 7, 35)
        'paste-1a2b/background/instance 7 of image 35'
    """
    return f"{call}/background/instance {instance_id} of image {image_id}"


def are_copies(instances: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which instances are copies, ``(n,)``.

    Example:
        >>> frame = pd.DataFrame({"source": ["synthetic", "human"], "origin": ["paste-1/pasted/...", "ana"]})
        >>> are_copies(frame).tolist()
        [True, False]
    """
    synthetic = (instances["source"] == "synthetic").to_numpy(np.bool_)
    if not synthetic.any():
        return synthetic
    named = instances["origin"].astype(object).str.startswith(PREFIX, na=False)
    return np.asarray(synthetic & named.to_numpy(np.bool_))


def pasted_images(instances: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Ids of the images that hold copies, ascending.

    Example:
        >>> frame = pd.DataFrame({"image_id": [7], "source": "synthetic", "origin": "paste-1/pasted/..."})
        >>> pasted_images(frame).tolist()
        [7]
    """
    return distinct(instances["image_id"].to_numpy(np.int64)[are_copies(instances)])


def parents(instances: pd.DataFrame) -> pd.DataFrame:
    """The images of whose pixels each pasted image is made: columns image_id and parent, each pair once.

    Example:
        >>> origin = pasted_origin("paste-1a2b", 12, 3, 35)
        >>> frame = pd.DataFrame({"image_id": [7], "source": "synthetic", "origin": origin})
        >>> parents(frame).values.tolist()
        [[7, 3], [7, 35]]
    """
    copies = instances.loc[are_copies(instances), ["image_id", "origin"]]
    named = copies["origin"].astype(object).str.extract(_PARENTS)
    pairs = pd.concat([copies[["image_id"]].assign(parent=named[name]) for name in ("of", "onto")])
    pairs = pairs.dropna().astype(np.int64).drop_duplicates()
    return pairs.sort_values(["image_id", "parent"], ignore_index=True)
