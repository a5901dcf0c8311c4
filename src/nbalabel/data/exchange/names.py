"""Names of images in a package that came back: tools put folders before them, or take them away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath


def images_named(found: Sequence[str], known: Mapping[str, int]) -> list[int]:
    """The image that each name means, -1 for none.

    A name means the image of exactly that name; else the only one whose name it ends with, as in
    ``images/reef/a.png``; else the only one of the same last part, if no other name has that.

    Args:
        found: names as they came back.
        known: file name -> image id of what was handed out.

    Example:
        >>> images_named(["images/reef/a.png", "b.png", "c.png"], {"reef/a.png": 1, "reef/b.png": 2})
        [1, 2, -1]
    """
    last = Counter(PurePosixPath(name).name for name in known)
    by_last = {PurePosixPath(name).name: i for name, i in known.items()}
    twice = Counter(PurePosixPath(name).name for name in found)
    out = []
    for name in found:
        parts = PurePosixPath(name).parts
        tails = ("/".join(parts[i:]) for i in range(len(parts)))
        meant = next((known[tail] for tail in tails if tail in known), -1)
        end = PurePosixPath(name).name
        if meant < 0 and last[end] == 1 and twice[end] == 1:
            meant = by_last[end]
        out.append(meant)
    return _once(out, found, known)


def _once(meant: list[int], found: Sequence[str], known: Mapping[str, int]) -> list[int]:
    """No image is meant twice: of several names the exact one counts, or the first."""
    best: dict[int, int] = {}
    for at, image in enumerate(meant):
        if image >= 0 and (image not in best or known.get(found[at]) == image):
            best[image] = at
    return [image if best.get(image) == at else -1 for at, image in enumerate(meant)]
