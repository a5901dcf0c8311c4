"""Run every benchmark that needs no external data, one after the other: ``make bench``."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

BENCHMARKS = (
    "import_time",
    "rle",
    "storage",
    "coco_io",
    "metrics",
    "project",
    "reef",
    "cluster",
    "propagation",
    "views",
    "edit",
    "verify",
    "page",
)


def main() -> None:
    print(f"# Benchmarks\n\n{platform.platform()}, Python {platform.python_version()}")
    folder = Path(__file__).parent
    for name in BENCHMARKS:
        subprocess.run([sys.executable, str(folder / f"{name}.py")], check=True)


if __name__ == "__main__":
    main()
