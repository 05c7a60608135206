# One word for each thing that a newcomer wants. Another Python: make run PYTHON=python3.12
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin/python
PIP_INSTALL := $(BIN) -m pip install --quiet --disable-pip-version-check --require-hashes
# An environment whose interpreter is gone (an upgrade, a copied folder) is made anew.
BROKEN := $(if $(shell $(BIN) -c 'print(1)' 2>/dev/null),,broken)

CALLS ?= 2000
FAULTS ?=

.PHONY: run test chaos bench check fix lock clean broken

run: $(VENV)/.runtime ## start everything, until Ctrl-C
	@exec $(BIN) -m portal.launch

test: $(VENV)/.development ## all tests, linters and import rules
	@exec $(BIN) -m tests.run

chaos: $(VENV)/.development ## every fault among CALLS calls, then all at random: make chaos CALLS=500 FAULTS=kill_worker,mixed
	@exec $(BIN) -m tests.faults --calls $(CALLS) --faults "$(FAULTS)"

bench: $(VENV)/.development ## the benchmarks, each against its own limit
	@exec $(BIN) -m tests.bench

check: $(VENV)/.development ## linters, types and import rules alone
	@exec $(BIN) -m tests.run --checks

fix: $(VENV)/.development ## format, and mend what can be mended by itself
	@$(BIN) -m ruff format --quiet .
	@$(BIN) -m ruff check --fix .

lock: $(VENV)/.development ## pin the dependencies of the two short lists, with hashes
	@for list in requirements requirements-dev; do \
	  $(BIN) -m uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --custom-compile-command "make lock" --output-file $$list.txt $$list.in || exit 1; \
	done

clean: ## forget the environment and ALL data of this folder
	@case "$$(readlink var/postgres)" in */ferry-*/postgres) rm -rf "$$(dirname "$$(readlink var/postgres)")";; esac
	@rm -rf $(VENV) var .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -prune -exec rm -rf {} +
	@find locale -name '*.mo' -delete 2>/dev/null || true

$(VENV)/.runtime: requirements.txt $(BROKEN)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Ferry needs Python 3.11 or newer. Name one: make run PYTHON=/path/to/python3.11"; exit 1; }
	@test -z "$(BROKEN)" || { echo "Making the Python environment …"; rm -rf $(VENV); $(PYTHON) -m venv $(VENV); } || { \
	  rm -rf $(VENV); echo "Python's venv is missing. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing the Python packages (a minute or two, the first time) …"
	@$(PIP_INSTALL) -r requirements.txt || { \
	  echo "The packages could not be installed; the reason is above. Run it again to go on."; exit 1; }
	@touch $@

$(VENV)/.development: requirements-dev.txt $(VENV)/.runtime
	@echo "Installing the developers' packages …"
	@$(PIP_INSTALL) -r requirements.txt -r requirements-dev.txt
	@touch $@

broken:
