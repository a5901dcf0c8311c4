"""``make demo`` shows what goes on in a cell, stops when told to, loses nothing, and says what failed."""

import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import nbformat
import pytest

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
pytest.importorskip("ipykernel")

BAR = """
from tqdm.auto import tqdm
bar = tqdm(total=3, desc="epoch 2/3", unit="batch", mininterval=0)
for _ in range(3):
    bar.update()
bar.close()
"""
LONG = """
from pathlib import Path
print("pid", os.getpid(), flush=True)
Path("begun").touch()
model = type("Model", (), {"save": lambda self, path: Path("saved").write_text(path)})()
while True:
    pass
"""

FLOOD = """
import time
from pathlib import Path
model = type("Model", (), {"save": lambda self, path: Path("saved").write_text(str(n))})()
n = 0
while True:
    if n == 100:
        Path("begun").touch()
    print(n, flush=True)
    n += 1
    time.sleep(0.002)  # more, and a kernel's socket drops what nobody has fetched
"""


def _demo(folder: Path, *cells: str) -> subprocess.Popen[str]:
    """The real script on a small notebook, in a process of its own."""
    code = [nbformat.v4.new_code_cell(cell.strip()) for cell in ("import os", *cells)]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("## Round 1"), *code])
    folder.mkdir(exist_ok=True)
    nbformat.write(notebook, folder / "small.ipynb")
    program = f"""
        import sys
        sys.path.insert(0, {str(SCRIPTS)!r})
        from pathlib import Path
        import demo
        sys.exit(demo.main(Path({str(folder / "small.ipynb")!r}), Path({str(folder / "run")!r})))
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _outputs(folder: Path) -> str:
    notebook = nbformat.read(folder / "run" / "small.ipynb", as_version=4)
    return "".join(o.get("text", "") for c in notebook.cells for o in c.get("outputs", []))


def test_progress_inside_a_cell_is_shown_with_its_section(tmp_path: Path) -> None:
    demo = _demo(tmp_path, BAR, "print('said')")
    printed, shown = demo.communicate()
    assert demo.returncode == 0, shown
    assert "Round 1" in shown
    assert re.search(r"epoch 2/3: \d+% \d/3 \[\d+:\d+<", shown)  # epoch, batches, time left
    assert "said" in _outputs(tmp_path)
    assert str(tmp_path / "run" / "small.ipynb") in printed


def test_a_cell_that_fails_is_named_without_a_traceback(tmp_path: Path) -> None:
    demo = _demo(tmp_path, "print('kept')", "1 / 0", "print('never')")
    _, shown = demo.communicate()
    assert demo.returncode == 1
    assert "cell 4 of 5, under 'Round 1' failed:\n\n    1 / 0\n\nZeroDivisionError: division by zero" in shown
    assert "Traceback" not in shown
    assert _outputs(tmp_path) == "kept\n"


def test_a_kernel_that_dies_is_named(tmp_path: Path) -> None:
    demo = _demo(tmp_path, "os._exit(1)")
    _, shown = demo.communicate()
    assert demo.returncode == 1
    assert "the kernel died in cell 3 of 3, under 'Round 1'" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_what_there_is_and_leaves_no_process(tmp_path: Path, how: signal.Signals) -> None:
    with _demo(tmp_path, "print('kept')", LONG) as demo:
        while not (tmp_path / "run" / "begun").exists():
            assert demo.poll() is None
        demo.send_signal(how)
        _, shown = demo.communicate()
    assert demo.returncode == 130
    assert "stopped in cell 4 of 4, under 'Round 1'" in shown
    assert "Traceback" not in shown
    assert (tmp_path / "run" / "saved").read_text() == "out/model.npz"
    outputs = _outputs(tmp_path)
    assert outputs.startswith("kept\n")
    kernel = int(re.search(r"pid (\d+)", outputs).group(1))
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_no_output_is_lost_when_it_is_stopped_amid_a_flood(tmp_path: Path, how: signal.Signals) -> None:
    with _demo(tmp_path, FLOOD) as demo:
        while not (tmp_path / "run" / "begun").exists():
            assert demo.poll() is None
        demo.send_signal(how)
        _, shown = demo.communicate()
    assert demo.returncode == 130, shown
    printed = [int(line) for line in _outputs(tmp_path).split()]
    assert len(printed) > 10
    assert printed == list(range(len(printed)))
    assert len(printed) - int((tmp_path / "run" / "saved").read_text()) in (0, 1)


def test_an_earlier_run_is_moved_aside_and_the_next_one_says_where(tmp_path: Path) -> None:
    _demo(tmp_path, "open('work', 'w').write('mine')").communicate()
    printed, _ = _demo(tmp_path, "print('again')").communicate()
    (kept,) = (path for path in tmp_path.iterdir() if path.name.startswith("run-"))
    assert f"kept in {kept}" in printed
    assert (kept / "work").read_text() == "mine"
    assert _outputs(tmp_path) == "again\n"
