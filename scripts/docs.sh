#!/usr/bin/env bash
# Build the site into out/docs, in an environment of its own: nbalabel without extras, and Sphinx. No torch.
set -euo pipefail
python="${PYTHON:-python3}" venv="${VENV_DOCS:-.venv-docs}"

if [ ! -x "$venv/bin/sphinx-build" ] || [ pyproject.toml -nt "$venv/.ready" ] || [ constraints.txt -nt "$venv/.ready" ]; then
  echo "Setting up $venv (the first time takes a few minutes) ..."
  "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --constraint constraints.txt --editable '.[docs]'
  touch "$venv/.ready"
fi
"$venv/bin/python" scripts/docs.py out/docs-source
"$venv/bin/python" -m sphinx --builder html --conf-dir out/docs-source/docs --doctree-dir out/docs-doctrees \
  --fail-on-warning --keep-going --quiet out/docs-source out/docs
"$venv/bin/python" scripts/docs.py --check out/docs
echo "The site is in out/docs: open out/docs/index.html"
