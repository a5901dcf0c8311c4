"""Masks that both ends read: what the browser's editor writes is what pycocotools writes, to the byte."""

import json
from pathlib import Path

import numpy as np
from pycocotools import mask as coco

GOLDEN = Path(__file__).resolve().parents[2] / "wire" / "edit.json"
SMALL = 2500  # pixels: smaller masks are stored pixel by pixel as well


def masks():
    """Masks an editor meets: none, one pixel, all, borders, columns that run on, holes, islands, large."""
    noise = np.random.default_rng(4)
    for height, width in [(1, 1), (1, 7), (7, 1), (5, 9), (33, 48)]:
        yield np.zeros((height, width), bool)
        yield np.ones((height, width), bool)
        for y, x in {(0, 0), (height - 1, width - 1), (height // 2, width // 2)}:
            one = np.zeros((height, width), bool)
            one[y, x] = True
            yield one
            yield ~one
        for share in (0.05, 0.3, 0.5, 0.9):
            yield noise.random((height, width)) < share
    columns = np.zeros((12, 9), bool)
    columns[:, 2:5] = True
    yield columns
    columns[7:, 1] = columns[:3, 5] = True
    yield columns
    y, x = np.mgrid[:45, :50]
    yield (x + y) % 2 == 0
    yield (np.hypot(x - 20, y - 22) < 18) & (np.hypot(x - 24, y - 20) > 7)
    islands = np.zeros((400, 300), bool)
    islands[::10, ::12] = islands[1::10, ::12] = True
    yield islands
    large = np.zeros((8000, 8000), bool)
    large[7000:7900, 120:180] = large[:, 4000] = large[7999, 7999] = True
    yield large


def golden():
    """Every mask with pycocotools' bytes, area and box; small ones pixel by pixel."""
    cases = []
    for mask in masks():
        rle = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
        case = {
            "height": mask.shape[0],
            "width": mask.shape[1],
            "rle": rle["counts"].decode(),
            "area": int(coco.area(rle)),
            "box": [int(value) for value in coco.toBbox(rle)],
        }
        if mask.size <= SMALL:
            case["pixels"] = "".join(str(int(pixel)) for pixel in mask.ravel())
        cases.append(case)
    return cases


def test_masks_of_the_editor_are_those_of_pycocotools():
    assert json.loads(GOLDEN.read_text()) == golden(), (
        "write it anew: python tests/widgets/edit/test_edit_wire.py"
    )


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(golden()) + "\n")
