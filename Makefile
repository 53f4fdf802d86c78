# Two commands matter on a fresh machine: `make demo` and `make test`. Both set themselves up.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.set-up

.DEFAULT_GOAL := help
.PHONY: help setup demo test check docs bench lock clean

help: ## show the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Houfeng needs Python 3.11 or newer; set PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(STAMP) ## make the virtual environment from the lock file

demo: $(STAMP) ## simulate a small province, report its five articles, replay its warnings
	$(BIN)/houfeng demo --out demo-out

test: $(STAMP) ## run the tests, on every core
	$(BIN)/pytest --numprocesses auto --dist loadfile

check: $(STAMP) ## lint, types and the rule of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(STAMP) ## write the generated pages of docs/ again
	$(BIN)/houfeng docs write docs

bench: $(STAMP) ## run the benchmarks in an environment of their own (an hour; see benchmarks/README.md)
	benchmarks/run.sh

lock: ## resolve the dependencies again and write requirements.lock
	$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/pip install --quiet uv
	$(VENV)-lock/bin/uv pip compile pyproject.toml --extra dev --extra credit --extra desk --extra kafka --extra matching --extra postgres --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --output-file requirements.lock

clean: ## remove the virtual environment and the demo's output
	rm -rf $(VENV) $(VENV)-lock demo-out
