"""Which instances are copies that ``nl.paste`` made, and which images they are made of.

An image that is pasted together has copies alone: of the instances of its background, and of those that were
pasted into it. Their source is "synthetic", and their origin names the call, the part and the parents:
``paste-1a2b3c4d/pasted/instance 12 on image 3``. They hold pixels of two images, so a part of the dataset
to measure on must contain neither of them.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd

PREFIX = "paste-"
PASTED, BACKGROUND = "pasted", "background"

_PARENT = re.compile(rf"{PREFIX}[0-9a-f]+/(?:{PASTED}|{BACKGROUND})/instance \d+ on image (\d+)")


def origin_of(call: str, part: str, instance_id: int, image_id: int) -> str:
    """The origin of a copy.

    Args:
        call: origin of all copies of one call, ``paste-...``.
        part: "pasted", or "background".
        instance_id: the instance that was copied.
        image_id: its image.

    Example:
        >>> origin_of("paste-1a2b3c4d", PASTED, 12, 3)
        'paste-1a2b3c4d/pasted/instance 12 on image 3'
    """
    return f"{call}/{part}/instance {instance_id} on image {image_id}"


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
    return synthetic & instances["origin"].astype(object).str.startswith(PREFIX).to_numpy(np.bool_)


def pasted_images(instances: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Ids of the images that hold copies, ascending.

    Example:
        >>> frame = pd.DataFrame({"image_id": [7], "source": "synthetic", "origin": "paste-1/pasted/..."})
        >>> pasted_images(frame).tolist()
        [7]
    """
    return np.unique(instances["image_id"].to_numpy(np.int64)[are_copies(instances)])


def parents(instances: pd.DataFrame) -> pd.DataFrame:
    """The images whose pixels each pasted image holds: columns image_id and parent, each pair once.

    A background without instances is not known from them; its group is that of the pasted image.

    Example:
        >>> origin = origin_of("paste-1a2b", PASTED, 12, 3)
        >>> frame = pd.DataFrame({"image_id": [7], "source": "synthetic", "origin": origin})
        >>> parents(frame).values.tolist()
        [[7, 3]]
    """
    copies = instances.loc[are_copies(instances), ["image_id", "origin"]]
    parent = copies["origin"].astype(object).str.extract(_PARENT, expand=False)
    found = copies[["image_id"]].assign(parent=pd.to_numeric(parent))
    return found.dropna().astype(np.int64).drop_duplicates(ignore_index=True)
