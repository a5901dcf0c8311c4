"""Store what the tutorials' own models say, so that the tutorials run where there is no torch, as on Binder.

    python binder/precompute.py                # all notebooks: trains six models, about ten minutes
    python binder/precompute.py --outputs 03   # one of them; keep its outputs in the notebook as well

Each notebook runs from top to bottom, trainings included; the Runs named below are then saved to
``binder/stored``. Embeddings are stored as their first principal components, a sixteenth of the size or less.
"""

from __future__ import annotations

import argparse
import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from nbalabel import Run

HERE = Path(__file__).resolve().parent
NOTEBOOKS = HERE.parent / "notebooks"
RUNS = {
    "02_explore_predictions": {"run": "explore"},
    "03_edit_and_review": {"before": "review-before", "after": "review-after"},
    "04_label_propagation": {f"runs[{i}]": f"propagate-{i + 1}" for i in range(3)},
    "07_find_label_errors": {
        "run": "suspects-own",
        "as_it_came": "suspects-as-it-came",
        "mended": "suspects-mended",
    },
}
"""What of a notebook is kept, and under which name."""

N_COMPONENTS = 16
_VIEW = "application/vnd.jupyter.widget-view+json"


def store(run: Run, name: str) -> None:
    """Save a run with its embeddings reduced; called in the notebook's kernel."""
    from nbalabel.learn.embed.pooling import Embeddings

    vectors = run.embeddings
    small = Embeddings(
        vectors.image_ids, reduced(vectors.image), vectors.instance_ids, reduced(vectors.instance)
    )
    dataclasses.replace(run, embeddings=small).save(HERE / "stored" / name)


def reduced(vectors: np.ndarray) -> np.ndarray:
    """The first principal components, ``(n, N_COMPONENTS)`` float32."""
    centered = vectors - vectors.mean(axis=0)
    axes = np.linalg.svd(centered, full_matrices=False)[2][:N_COMPONENTS]
    return np.ascontiguousarray(centered @ axes.T, np.float32)


def execute(name: str, *, outputs: bool) -> None:
    """Run a notebook, store its runs and, if wanted, its outputs."""
    import nbformat
    from nbclient import NotebookClient

    path = NOTEBOOKS / f"{name}.ipynb"
    book = nbformat.read(path, as_version=4)
    calls = [f"store({variable}, {kept!r})" for variable, kept in RUNS[name].items()]
    last = "\n".join(
        ["import sys", f"sys.path.insert(0, {str(HERE)!r})", "from precompute import store", *calls]
    )
    book.cells.append(nbformat.v4.new_code_cell(last))
    NotebookClient(
        book, timeout=900, kernel_name="python3", resources={"metadata": {"path": NOTEBOOKS}}
    ).execute()
    book.cells.pop()
    if outputs:
        nbformat.write(tidy(book), path)


def tidy(book: Any) -> Any:
    """Without what changes from run to run and nobody reads: progress, widget state, times, addresses."""
    book.metadata.pop("widgets", None)
    for cell in book.cells:
        cell.metadata.clear()
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _says_something(output)]
            for output in cell.outputs:
                output.get("data", {}).pop(_VIEW, None)
                for kind, text in output.get("data", {}).items():
                    if isinstance(text, str) and kind.startswith("text/"):
                        output.data[kind] = re.sub(r" at 0x[0-9a-f]+", "", text)
                if "image/jpeg" in output.get("data", {}):
                    output.data.pop("image/png", None)
    return book


def _says_something(output: Any) -> bool:
    """Whether an output is more than a warning or a bar of progress."""
    if output.output_type != "display_data":
        return output.get("name") != "stderr"
    return any(
        kind != _VIEW and kind != "text/plain" and str(text).strip() for kind, text in output.data.items()
    )


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", nargs="*", help="numbers of notebooks, such as 03; default: all")
    parser.add_argument("--outputs", action="store_true", help="keep the outputs in the notebook as well")
    given = parser.parse_args()
    for name in RUNS:
        if not given.which or name[:2] in given.which:
            execute(name, outputs=given.outputs)


if __name__ == "__main__":
    main()
