"""25,000 embeddings of 512 dimensions on a plane: PCA, UMAP and PaCMAP, against the packages called directly.

``python benchmarks/project.py [N]`` prints times, and the share of 15 nearest neighbours that a layout keeps.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
from report import Row, human, show
from sklearn.neighbors import NearestNeighbors

from nbalabel.learn.embed.plane import project

Rows = np.ndarray


def embeddings(n: int, d: int = 512, clusters: int = 40, seed: int = 0) -> Rows:
    """Clusters on a curved 12-dimensional sheet, with noise in all dimensions, roughly as from backbones."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(clusters, 12))[rng.integers(clusters, size=n)] * 3 + rng.normal(size=(n, 12))
    rows = np.tanh(hidden @ rng.normal(size=(12, d)) / 6) + 0.1 * rng.normal(size=(n, d))
    return rows.astype(np.float32)


def kept(rows: Rows, points: Rows, k: int = 15, sample: int = 1000) -> float:
    """Share of each row's nearest neighbours that are also nearest to its point, over a sample of rows."""
    chosen = np.random.default_rng(0).choice(len(rows), min(sample, len(rows)), replace=False)
    near = [
        NearestNeighbors(n_neighbors=k + 1).fit(space).kneighbors(space[chosen], return_distance=False)[:, 1:]
        for space in (rows, points)
    ]
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(*near, strict=True)]))


def timed(run: Callable[[], Rows]) -> tuple[float, Rows]:
    began = time.perf_counter()
    points = run()
    return time.perf_counter() - began, points


def umap_directly(rows: Rows) -> Rows:
    import umap

    return umap.UMAP(random_state=0).fit_transform(rows)


def pacmap_directly(rows: Rows) -> Rows:
    import pacmap

    return pacmap.PaCMAP(random_state=0).fit_transform(rows)


def until_shown(rows: Rows) -> float:
    """Seconds until a background call returns with its PCA layout."""
    began = time.perf_counter()
    found = project(rows, "umap", background=True)
    seconds = time.perf_counter() - began
    found.cancel()
    return seconds


def main(n: int) -> None:
    warnings.simplefilter("ignore")
    rows = embeddings(n)
    warm = rows[:5000]  # compile numba's functions (the large-set paths too) before any clock runs
    for method in ("umap", "pacmap"):
        project(warm, method)
    umap_directly(warm)
    pacmap_directly(warm)
    pca_s, pca = timed(lambda: project(rows, "pca").points)
    table = [Row("PCA", f"{human(pca_s)}, keeps {kept(rows, pca):.0%}", target="at once")]
    table.append(
        Row("UMAP in the background, until PCA is shown", human(until_shown(rows)), target="at once")
    )
    for method, directly in (("umap", umap_directly), ("pacmap", pacmap_directly)):
        ours_s, ours = timed(lambda method=method: project(rows, method).points)
        peer_s, peer = timed(lambda directly=directly: directly(rows))
        table.append(
            Row(
                method,
                f"{human(ours_s)}, keeps {kept(rows, ours):.0%}",
                f"{method} directly {human(peer_s)}, keeps {kept(rows, peer):.0%}",
                peer_s / ours_s,
                "<= umap-learn's own time" if method == "umap" else "",
            )
        )
    show(f"{n:,} x {rows.shape[1]} embeddings on a plane", table)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 25_000)
