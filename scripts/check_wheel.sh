#!/usr/bin/env bash
# Build the wheel, install it alone in a clean environment, and use it there without torch.
set -euo pipefail
python="$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m build --wheel --outdir "$work/dist" . >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "$work"/dist/*.whl
cd "$work"
"$work/venv/bin/nbalabel" --version
"$work/venv/bin/python" - <<'PY'
import importlib.util, tempfile
import nbalabel as nl

assert importlib.util.find_spec("torch") is None, "the core must install without torch"
with tempfile.TemporaryDirectory() as folder:
    ds = nl.demo.reef(folder + "/reef.nbal", n_images=24, n_labeled=6, n_test=6, size=96)
    ds.images.loc[ds.images.index[0], "weight"] = 2
    version = ds.commit("double one weight")
    nl.write_coco(ds, folder + "/out.json")
    again = nl.read_coco(folder + "/out.json")
    assert again.instances["mask"].tolist() == ds.instances["mask"].tolist()
    ws = nl.explore(ds, nl.demo.simulated_run(ds))  # every widget's bundle is in the wheel
    assert "application/vnd.jupyter.widget-view+json" in ws._repr_mimebundle_()[0]
    ws.close()
    try:
        nl.Yolo("yolo11n-seg")
    except nl.errors.MissingExtraError as error:
        assert "nbalabel[yolo]" in str(error), error
    else:
        raise AssertionError("Yolo without ultralytics must name the extra to install")
    print(f"wheel works in a clean environment: {len(ds.images)} images, version {version.id}")
PY
