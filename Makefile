# Two commands matter: `make demo` (a live building in two minutes) and `make test` (everything, set-up included).
# Both need Python 3.11 or newer and the package registries, nothing else.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
ARGS ?=
# Tests run in so many processes; in one where a Neo4j of yours is named, which they would share.
PROCESSES ?= $(if $(TWIN_TEST_NEO4J_URI),0,2)

.PHONY: demo test lint bench faults schema format clean python

demo: $(VENV)/.runtime $(if $(findstring neo4j,$(ARGS)),$(VENV)/.neo4j-local)
	@exec $(BIN)/twin demo $(ARGS)

test: $(VENV)/.dev $(VENV)/node/.installed $(VENV)/.neo4j
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev $(VENV)/.neo4j
	@$(BIN)/python -m tests.bench $(ARGS)

faults: $(VENV)/.dev $(VENV)/.neo4j
	@$(BIN)/python -m tests.faults $(ARGS)

schema: $(VENV)/.dev
	$(BIN)/twin schema --write

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache

python:
	@if [ -z "$(PYTHON)" ] || ! "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		found=`"$(or $(PYTHON),python3)" -V 2>&1 || echo none`; \
		echo "twin needs Python 3.11 or newer (found: $$found). Name one with: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; fi

$(BIN)/python: | python
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) cannot create a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.runtime: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing the twin into $(VENV) ..." >&2
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing the twin and its tests into $(VENV) ..." >&2
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.runtime

$(VENV)/node/.installed: tests/clients/package.json tests/clients/package-lock.json | $(VENV)/.dev
	@echo "Installing the node clients of the tests ..." >&2
	@mkdir -p $(VENV)/node && cp tests/clients/package.json tests/clients/package-lock.json $(VENV)/node/
	@if PATH="$(abspath $(BIN)):$$PATH" npm ci --prefix $(VENV)/node --no-audit --no-fund --loglevel=error; then touch $@; \
	else rm -rf $(VENV)/node; echo "The node clients could not be installed: their tests are skipped." >&2; fi

$(VENV)/.neo4j-local: pyproject.toml constraints.txt | $(VENV)/.runtime
	@$(PIP) install -c constraints.txt -e '.[neo4j-local]'
	@touch $@

$(VENV)/.neo4j: twin/store/neo4j/local.py | $(VENV)/.dev
	@if [ -z "$$TWIN_TEST_NEO4J_URI" ]; then echo "Fetching Neo4j for the tests, once; it may take minutes ..." >&2; fi
	@if [ -n "$$TWIN_TEST_NEO4J_URI" ] || $(BIN)/twin neo4j fetch >/dev/null; then touch $@; \
	else echo "Neo4j could not be fetched: its tests are skipped." >&2; fi
