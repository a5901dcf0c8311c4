"""Generate the tutorials' reefs and see that the stored runs fit them: ``python binder/check.py``.

Runs the notebooks' own first cells, up to where they load or train, so that each reef is described in one
place.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from precompute import HERE, NOTEBOOKS, RUNS

if TYPE_CHECKING:
    from nbalabel import Dataset, Run


def main() -> None:
    """Check all; an AssertionError says what does not fit."""
    os.chdir(NOTEBOOKS)
    for name in RUNS:
        ds = first_cells(name)["ds"]
        for stored in RUNS[name].values():
            print(f"{name}: {stored}: {fits(ds, stored)!r} fits")  # noqa: T201


def first_cells(name: str) -> dict[str, Any]:
    """The variables of a notebook after its cells up to the first that would train, which is left out."""
    cells = json.loads(Path(NOTEBOOKS / f"{name}.ipynb").read_text())["cells"]
    variables: dict[str, Any] = {}
    for cell in cells:
        source = "".join(cell["source"])
        if "Run.load" in source:
            return variables
        if cell["cell_type"] == "code":
            exec(source, variables)  # noqa: S102  # the notebook's own code
    raise AssertionError(f"{name} has no cell that loads a stored run")


def fits(ds: Dataset, name: str) -> Run:
    """A stored run, matched to this dataset.

    Raises:
        AssertionError: it was made on another one.
    """
    from nbalabel import Run

    run = Run.load(HERE / "stored" / name).matched_to(ds)
    assert run.labels == ds.labels, f"{name}: labels {run.labels}, the reef has {ds.labels}"
    assert list(run.predicted_ids) == list(ds.images.index), f"{name}: made on other images"
    sure = run.query("score > 0.5 and weight > 0")
    share = float(sure["matched"].mean())
    assert share > 0.6, (
        f"{name}: of {len(sure)} sure predictions on labeled images, {share:.0%} match a label"
    )
    return run


if __name__ == "__main__":
    main()
