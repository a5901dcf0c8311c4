"""``make demo``: run the story of notebook 01 from the top, then say what it found and where to look."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pandas as pd
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from tqdm.auto import tqdm

ROOT = Path(__file__).resolve().parents[1]
STORY = ROOT / "notebooks" / "01_active_labeling.ipynb"
RUN = ROOT / "out" / "demo"


def main() -> int:
    """Execute the notebook cell by cell; returns the exit status."""
    RUN.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.read(STORY, as_version=4)
    print("Three rounds of active labeling on 600 generated images, 24 of them labeled.")
    print("About eight minutes on two cores, most of it training.\n", flush=True)
    target = RUN / STORY.name
    try:
        _execute(notebook)
    except CellExecutionError as error:
        print(f"\nA cell failed:\n{error}", file=sys.stderr)
        return 1
    finally:
        nbformat.write(notebook, target)
    print("\n" + pd.read_csv(RUN / "out" / "rounds.csv", index_col="round").to_string())
    print("".join(_printed(notebook, "decisions")))
    print(f"the notebook, with its pictures: {target.relative_to(ROOT)}")
    print(f"the dataset it grew:             {(RUN / 'out' / 'reef.nbal').relative_to(ROOT)}")
    print("open both in JupyterLab:         make lab")
    return 0


def _execute(notebook: nbformat.NotebookNode) -> None:
    """Run every cell in ``out/demo``, with a progress bar that names the section."""
    place = {"metadata": {"path": str(RUN)}}
    client = NotebookClient(notebook, timeout=1800, store_widget_state=False, resources=place)
    with client.setup_kernel(), tqdm(total=len(notebook.cells), unit="cell", dynamic_ncols=True) as bar:
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "markdown" and cell.source.startswith("#"):
                bar.set_description(cell.source.splitlines()[0].lstrip("# "))
            client.execute_cell(cell, index)
            bar.update()


def _printed(notebook: nbformat.NotebookNode, word: str) -> list[str]:
    """What the last cell that printed ``word`` printed."""
    texts = [o.text for c in notebook.cells for o in c.get("outputs", []) if o.output_type == "stream"]
    return [text for text in texts if word in text][-1:]


if __name__ == "__main__":
    sys.exit(main())
