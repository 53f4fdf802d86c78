#!/bin/sh
# Make the peers' own environment (outside the project's lock, versions pinned) and run all sides:
# benchmarks/penetration/run.sh --firms 100000 [--shapes tree,star] [--peers networkx,duckdb]
set -eu
cd "$(dirname "$0")/../.."
peers=${PENETRATION_PEERS:-.venv-penetration}
if [ ! -f "$peers/.set-up" ]; then
  "${PYTHON:-python3.11}" -m venv "$peers"
  "$peers/bin/pip" install --quiet --disable-pip-version-check networkx==3.6.1 igraph==1.0.0 rustworkx==0.18.1 duckdb==2.0.0 \
    clingo==5.8.3 numpy==2.4.6 pyarrow==26.0.1
  "$peers/bin/pip" install --quiet --disable-pip-version-check real_ladybug==0.15.3 || echo "LadybugDB does not install here"
  touch "$peers/.set-up"
fi
exec .venv/bin/python benchmarks/penetration/run.py --python "$peers/bin/python" "$@"
