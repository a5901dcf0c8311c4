"""``make demo``: run the story of notebook 01 from the top, then say what it found and where to look."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
import story

ROOT = Path(__file__).resolve().parents[1]
STORY = ROOT / "notebooks" / "01_active_labeling.ipynb"
RUN = ROOT / "out" / "demo"
SHORT = """These trainings are too short to tell what the labels are worth to the model: the figure beside
the control changes from run to run. docs/gain.md has longer ones."""
KEEP = "if 'model' in globals(): model.save('out/model.npz')"


def main(source: Path = STORY, folder: Path = RUN) -> int:
    """Execute the notebook cell by cell; returns the exit status.

    Args:
        source: the notebook.
        folder: where it runs; an earlier run that lies there is moved aside.
    """
    earlier = aside(folder)
    if earlier is not None:
        print(f"the run before this one is kept in {earlier}\n")
    notebook = nbformat.read(source, as_version=4)
    print("Three rounds of active labeling on 600 generated images, 24 of them labeled.")
    print("Five to ten minutes on two idle cores, most of it training. Ctrl-C stops it.\n", flush=True)
    target = folder / source.name
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends it so, ends its kernel too
    status = 0
    try:
        story.run(notebook, folder, KEEP)
    except story.StoryError as error:
        print(f"\n{error}\n\nits traceback is in the notebook", file=sys.stderr)
        status = 1
    except (story.Stopped, KeyboardInterrupt) as stop:
        print(f"\n{stop or 'stopped'}", file=sys.stderr)
        status = 130
    finally:
        nbformat.write(notebook, target)
    if status == 0:
        print(found(notebook, folder))
    print(f"the notebook, with its pictures: {target}")
    print(f"what it made:                    {folder / 'out'}")
    print("open both in JupyterLab:         make lab")
    return status


def aside(folder: Path) -> Path | None:
    """Make the folder; one that is there is moved aside, since somebody may have gone on working in it."""
    kept = None
    if folder.exists() and any(folder.iterdir()):
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(folder.stat().st_mtime))
        kept = next(
            path
            for n in range(1, 1000)
            if not (path := folder.with_name(f"{folder.name}-{stamp}" + (f"-{n}" if n > 1 else ""))).exists()
        )
        folder.rename(kept)
    folder.mkdir(parents=True, exist_ok=True)
    return kept


def found(notebook: nbformat.NotebookNode, folder: Path) -> str:
    """The table of rounds, and what the notebook says of decisions."""
    rounds = folder / "out" / "rounds.csv"
    table = pd.read_csv(rounds, index_col="round").to_string() if rounds.exists() else ""
    texts = [o.text for c in notebook.cells for o in c.get("outputs", []) if o.output_type == "stream"]
    said = [text for text in texts if "decisions" in text][-1:]
    return "\n".join(["", table, *said, *([SHORT] if said else [])])


if __name__ == "__main__":
    sys.exit(main())
