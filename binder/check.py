"""Generate the tutorials' reefs and see that the stored runs fit them: ``python binder/check.py [folder]``.

Runs the notebooks' own first cells, up to the one that loads a run, so that each reef is described once.
It does so without torch, as on Binder, even where torch is installed.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from precompute import HERE, NOTEBOOKS, RUNS

if TYPE_CHECKING:
    from nbalabel import Dataset, Run


def main(folder: Path = NOTEBOOKS) -> None:
    """Check all; an AssertionError says what does not fit.

    Args:
        folder: where the notebooks would run; the reefs are generated below it.
    """
    import nbalabel as nl

    sys.modules.update(dict.fromkeys(("torch", "ultralytics")))  # None: as if not installed
    os.chdir(folder)
    for name, kept in RUNS.items():
        variables = first_cells(name)
        ds = variables["ds"]
        for variable, stored in kept.items():
            run = fits(ds, stored)
            assert variables.get(variable, run).id == run.id, f"{name} loads another run than {stored}"
            nl.explore(ds, run).close()
            print(f"{name}: {stored} fits, {run!r}")  # noqa: T201


def first_cells(name: str) -> dict[str, Any]:
    """The variables of a notebook after its cells up to the first that loads a run."""
    cells = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text())["cells"]
    variables: dict[str, Any] = {}
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            exec(source, variables)  # noqa: S102  # the notebook's own code
            if "Run.load" in source:
                return variables
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
    main(*map(Path, sys.argv[1:]))
