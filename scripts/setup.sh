#!/usr/bin/env bash
# Create the environment. Needs Python 3.11+ with venv; everything else comes through pip.
set -euo pipefail
python="${PYTHON:-python3}" venv="${VENV:-.venv}"

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "nbalabel needs Python 3.11 or newer, found $("$python" --version 2>&1)." >&2
  echo "Name another one: make PYTHON=python3.12 setup" >&2
  exit 1
}
if [ ! -x "$venv/bin/python" ]; then
  "$python" -m venv "$venv" || {
    echo "python -m venv failed. On Debian: apt-get install python3-venv" >&2
    exit 1
  }
fi

command -v npm >/dev/null || {
  echo "nbalabel's widgets are built with Node.js 20 and npm, and npm was not found. On Debian:" >&2
  echo "  apt-get install nodejs npm     (elsewhere: https://nodejs.org)" >&2
  exit 1
}
echo "Building the widgets ..."
# Not `npm ci`: it insists on every platform's optional binaries, which not every mirror carries.
(cd js && npm install --no-save --no-audit --no-fund --loglevel=error && npm run --silent build)

echo "Setting up $venv (the first time takes a few minutes: torch is large) ..."
# One resolve for all: torch and torchvision must come as a matching pair.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  --constraint constraints.txt --editable '.[yolo,project,propagate,lab,hosts,dev]'

# ultralytics depends on the desktop build of OpenCV, which needs libGL. Servers and containers often have
# none: the headless build of the same version is the same cv2 without windows.
if ! "$venv/bin/python" -c 'import cv2' 2>/dev/null; then
  version=$("$venv/bin/python" -c 'from importlib.metadata import version; print(version("opencv-python"))')
  echo "OpenCV's desktop build does not load here (no libGL); using opencv-python-headless $version instead."
  "$venv/bin/python" -m pip uninstall --quiet --yes opencv-python
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "opencv-python-headless==$version"
  "$venv/bin/python" -c 'import cv2'
fi
