#!/bin/sh
# Make the peers' own environments (outside the project's lock, versions pinned) and run all sides: benchmarks/credit/run.sh --help
# toad needs NumPy below 2 and a compiler; scorecardpy needs pandas below 2. Newer pyarrow wants NumPy 2 and says so only when it is imported,
# so an environment counts as made once its library has been imported and a Parquet file can be read.
set -eu
cd "$(dirname "$0")/../.."
toad=${CREDIT_TOAD:-.venv-credit-toad}
scorecardpy=${CREDIT_SCORECARDPY:-.venv-credit-scorecardpy}
install() {
  "$1/bin/pip" install --quiet --disable-pip-version-check $2 && "$1/bin/python" -c "import pyarrow, pandas, $3" && touch "$1/.set-up"
}
if [ ! -f "$toad/.set-up" ]; then
  "${PYTHON:-python3.11}" -m venv "$toad"
  install "$toad" 'toad==0.1.5 numpy<2 pandas<2.2 scipy<1.14 scikit-learn<1.5 setuptools<80 pyarrow<20' toad || true
fi
if [ ! -f "$scorecardpy/.set-up" ]; then
  "${PYTHON:-python3.11}" -m venv "$scorecardpy"
  install "$scorecardpy" 'scorecardpy==0.1.9.7 numpy<2 pandas<2 scikit-learn<1.5 matplotlib setuptools<80 pyarrow<20' scorecardpy || true
fi
set -- --toad "$([ -f "$toad/.set-up" ] && echo "$toad/bin/python")" "$@"
set -- --scorecardpy "$([ -f "$scorecardpy/.set-up" ] && echo "$scorecardpy/bin/python")" "$@"
exec .venv/bin/python benchmarks/credit/run.py "$@"
