#!/bin/sh
# Make the benchmarks' own environment (as ../run.sh does) and run all loans through all tools and subsidies.
# Usage: benchmarks/instruments/run.sh [--loans N] [--work FOLDER] [--months N]
set -eu
cd "$(dirname "$0")/../.."
venv=${BENCH_VENV:-.venv-bench}
if [ ! -f "$venv/.set-up" ]; then
  "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
  "$venv/bin/pip" install --quiet --disable-pip-version-check 'openfisca-core>=44,<47' 'openpyxl>=3.1.5,<4' 'pandas>=2.3,<4'
  touch "$venv/.set-up"
fi
exec "$venv/bin/python" benchmarks/instruments/run.py "$@"
