#!/usr/bin/env bash
# The tests of models and metrics under other numerics: what a processor rounds differently must decide none.
#
#   bash scripts/numerics.sh [python] [pytest arguments]
#
# Each variant makes torch, oneDNN or MKL round as another processor would. About 5 minutes a variant.
set -u
python="${1:-.venv/bin/python}"
shift || true
failed=()
for variant in OMP_NUM_THREADS=1 OMP_NUM_THREADS=3 ATEN_CPU_CAPABILITY=default ATEN_CPU_CAPABILITY=avx2 \
    MKL_CBWR=COMPATIBLE ONEDNN_MAX_CPU_ISA=SSE41 ONEDNN_MAX_CPU_ISA=AVX2; do
  echo "== $variant"
  env "$variant" "$python" -m pytest -q -m "not browser" "${@:-tests/learn}" || failed+=("$variant")
done
echo "failed under: ${failed[*]:-none}"
[ ${#failed[@]} -eq 0 ]
