"""What embeddings of the masks of one picture cost: ``python benchmarks/pooling.py`` (seconds).

CPU milliseconds a picture, least of seven, for many small to few large masks on feature maps of the size that
YOLO11n has at 640 px. ``OMP_NUM_THREADS=1`` shows it without threads of BLAS, ``PYTHONPATH=SRC`` of another
checkout.
"""

from __future__ import annotations

import time

import numpy as np

from nbalabel.learn.embed.pooling import cell_weights, pool_masks

_SIDE = 640
_SIZES = ((300, 10, 40), (100, 40, 120), (20, 150, 400), (5, 500, 640))  # masks, from and to pixels of a side


def main() -> None:
    """Measure, and print a line for each size."""
    rng = np.random.default_rng(0)
    maps = [rng.random(shape, np.float32) for shape in ((128, 80, 80), (128, 40, 40), (256, 20, 20))]
    for n, low, high in _SIZES:
        crops = [np.ones(side, bool) for side in rng.integers(low, high, (n, 2)).tolist()]
        corners = [[rng.random() * (_SIDE - side) for side in crop.shape] for crop in crops]
        took = []
        for _ in range(8):  # the first is not counted
            began = time.process_time()
            weights = [
                cell_weights(crop, x, y, (1.0, 1.0), 8, (80, 80))
                for crop, (y, x) in zip(crops, corners, strict=True)
            ]
            pool_masks(maps, np.stack(weights))
            took.append(time.process_time() - began)
        print(f"{n} masks of {low} to {high} px: {1000 * min(took[1:]):.1f} ms a picture")


if __name__ == "__main__":
    main()
