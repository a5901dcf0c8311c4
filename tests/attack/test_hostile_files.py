"""Whatever a file holds, a reader ends in Tables or one of our errors, within bounded time and memory."""

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .hostile_cases import READERS, lay, valid

WORKER = Path(__file__).with_name("hostile_worker.py")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")


@pytest.mark.parametrize("reader", list(READERS))
def test_the_files_that_are_damaged_are_read_while_they_are_whole(tmp_path: Path, reader: str) -> None:
    lay(tmp_path, valid(reader))
    assert len(READERS[reader](tmp_path)) if reader == "results" else len(READERS[reader](tmp_path).instances)


def test_readers_survive_bombs_and_damaged_files_of_every_format(
    tmp_path: Path, rounds: Callable[[int, int], int], rng: random.Random
) -> None:
    command = [sys.executable, WORKER, tmp_path, str(rng.randrange(2**32)), str(rounds(150, 6000))]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS"), "1")
    ran = subprocess.run(
        list(map(str, command)), env={**os.environ, **threads}, capture_output=True, text=True
    )
    report = "\n".join(ran.stdout.splitlines()[-3:])
    print(report)  # noqa: T201  # the figures, in the report of `make attack`
    assert ran.returncode == 0, f"{report}\n{ran.stderr[-6000:]}"
