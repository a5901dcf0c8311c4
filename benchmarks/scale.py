"""How the cost of each step grows with the number of masks: CPU seconds, memory and slope.

python benchmarks/scale.py                                        every step at 10^5 and 10^6 masks
python benchmarks/scale.py boxes decision --n 1e5 1e6 1e7         some steps, other sizes
python benchmarks/scale.py boxes --against ../nbalabel-old/src    the same with an older checkout, by turns
python benchmarks/scale.py load run_query --peers ../peers/bin/python    with Lance and Daft, from there

Each step runs in a process of its own, so that its memory is its own. Memory is the largest anonymous memory
of the process during the step, minus that before it: files that are mapped do not count. CPU seconds are
those of the process and of the processes that it started and waited for. The slope is that of CPU seconds
between the two largest sizes, in powers of n: 1 is linear.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_PEERS_OF_RUN = ("lance_load", "lance_query", "lance_rows", "lance_masks", "daft_query")
_WITHOUT_TABLES = ("tree", "propagate", "answers", "answer")
HERE = Path(__file__).parent
SOURCE = HERE.parent / "src"
PEERS = {"pycocotools_read": "pycocotools: COCO(path)", "json_write": "json.dump of a document in memory"}


@dataclass(frozen=True)
class Cost:
    """What one step cost: CPU seconds, wall-clock seconds, and memory beyond what was there before, bytes."""

    cpu: float
    wall: float
    memory: int
    error: str = ""

    def __str__(self) -> str:
        if self.error:
            return self.error
        return f"{self.cpu:.3g} / {self.wall:.3g} s, +{self.memory / 1e9:.2f} GB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("steps", nargs="*", help="names of steps; default all")
    parser.add_argument("--n", nargs="+", type=float, default=[1e5, 1e6], help="numbers of masks")
    parser.add_argument("--against", type=Path, help="the src folder of another checkout, measured by turns")
    parser.add_argument("--folder", type=Path, help="keep generated data here, for the next time")
    parser.add_argument("--most", type=float, default=8.0, help="end a step at so many GB")
    parser.add_argument("--peers", help="a Python that has pylance, daft and pyarrow: measure these, too")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        _child(arguments.child, int(arguments.n[0]), arguments.folder)
        return
    with _folder(arguments.folder) as folder:
        _measure_all(arguments, folder)


def _measure_all(arguments: argparse.Namespace, folder: Path) -> None:
    sizes = [int(n) for n in arguments.n]
    sources = {"": SOURCE} | ({"before: ": arguments.against.resolve()} if arguments.against else {})
    names = arguments.steps or _names()
    print("\n## Growth (CPU / wall seconds, memory of the step)\n", flush=True)
    print(f"| step | {' | '.join(f'{n:,}' for n in sizes)} | slope |\n|---|{'---|' * (len(sizes) + 1)}")
    for name, (title, source) in itertools.product(names, sources.items()):
        if title and name in PEERS:
            continue
        costs = []
        for n in sizes:
            if name not in _WITHOUT_TABLES:
                _spawn("make", n, folder, SOURCE, math.inf)
            costs.append(_spawn(name, n, folder, source, arguments.most * 1e9))
        cells = " | ".join(map(str, costs))
        print(f"| {title}{PEERS.get(name, name)} | {cells} | {_slope(sizes, costs)} |", flush=True)
    for name in _PEERS_OF_RUN if arguments.peers else ():
        costs = [_spawn(name, n, folder, HERE, arguments.most * 1e9, arguments.peers) for n in sizes]
        print(f"| {name} | {' | '.join(map(str, costs))} | {_slope(sizes, costs)} |", flush=True)


def _slope(sizes: list[int], costs: list[Cost]) -> str:
    done = [(n, c.cpu) for n, c in zip(sizes, costs, strict=True) if not c.error]
    if len(done) < 2 or done[-2][1] < 0.02:
        return ""
    (small, less), (large, more) = done[-2:]
    return f"{math.log(more / less) / math.log(large / small):.2f}"


def _spawn(step: str, n: int, folder: Path, source: Path, most: float, python: str = sys.executable) -> Cost:
    """Run a step in a process of its own, and watch its memory from here; what it started ends with it."""
    command = [python, __file__, "--child", step, "--n", str(n), "--folder", str(folder / str(n))]
    environment = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a module is compiled once, not in every process
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True, cwd=HERE,
        start_new_session=True,
    )  # fmt: skip
    try:
        return _watched(child, most)
    finally:
        child.kill()
        child.wait()
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def _watched(child: subprocess.Popen[str], most: float) -> Cost:
    assert child.stdin
    assert child.stdout
    if child.stdout.readline().strip() != "ready":
        child.wait()
        return Cost(0, 0, 0, "-")
    before = peak = _anonymous(child.pid)
    child.stdin.write("go\n")
    child.stdin.flush()
    os.set_blocking(child.stdout.fileno(), False)
    said = ""
    while not said.endswith("\n"):
        time.sleep(0.004)
        peak = max(peak, _anonymous(child.pid))
        if peak > most:
            return Cost(0, 0, 0, f"> {most / 1e9:.1f} GB")
        with suppress(TypeError):
            said += child.stdout.read() or ""
        if child.poll() is not None and not said:
            return Cost(0, 0, 0, "-")
    child.stdin.close()
    child.wait()
    found = json.loads(said)
    return Cost(found["cpu"], found["wall"], peak - before)


def _anonymous(pid: int) -> int:
    """Anonymous memory of a process, bytes; 0 when it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon"):
                return int(line.split()[1]) * 1024
    return 0


def _child(step: str, n: int, folder: Path) -> None:
    if step in _PEERS_OF_RUN:
        from scale_peers import PEERS as STEPS
    else:
        from scale_steps import STEPS, make
    if step == "make":
        make(n, folder)
        return
    call = STEPS[step](n, folder)
    print("ready", flush=True)
    sys.stdin.readline()
    cpu, wall = _cpu(), time.perf_counter()
    kept = call()
    found = {"cpu": _cpu() - cpu, "wall": time.perf_counter() - wall}
    print(json.dumps(found), flush=True)
    sys.stdin.read()  # so that the memory can be looked at before it is given back
    del kept
    for own in (*folder.glob(f"own-{os.getpid()}.nbal"), *folder.glob(f"out-{os.getpid()}.json")):
        shutil.rmtree(own) if own.is_dir() else own.unlink()
    os._exit(0)  # no waiting for what a view has started


def _cpu() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _names() -> list[str]:
    sys.path.insert(0, str(SOURCE))
    import scale_steps

    return list(scale_steps.STEPS)


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    """A folder that stays, or a temporary one."""
    if given is not None:
        yield given.resolve()
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


if __name__ == "__main__":
    main()
