#!/bin/sh
# Make the benchmarks' own environment (the project's lock file, and the `bench` extra on top) and run them.
# Cold start is measured in the project's environment, .venv, which `make setup` makes: pandas is not in it.
# Usage: benchmarks/run.sh [--loans N] [--rows N] [--work FOLDER] [ingest] [tagging] [explain] [cold]
set -eu
cd "$(dirname "$0")/.."
venv=${BENCH_VENV:-.venv-bench}
if [ ! -f "$venv/.set-up" ]; then
  "${PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
  "$venv/bin/pip" install --quiet --disable-pip-version-check 'openfisca-core>=44,<47' 'openpyxl>=3.1.5,<4' 'pandas>=2.3,<4'
  touch "$venv/.set-up"
fi
houfeng=.venv/bin/houfeng
[ -x "$houfeng" ] || houfeng="$venv/bin/houfeng"
exec "$venv/bin/python" benchmarks/run.py --houfeng "$houfeng" "$@"
