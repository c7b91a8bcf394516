# One command to start, one to check. Everything installs itself into .venv from the lock files.
#
#   make run          the whole product with the demo company on http://127.0.0.1:8000
#   make test         everything: lint, types, contracts, unit, journeys, browser, console
#   make test-fast    the inner loop: under a minute
#   make dev          backend that reloads and console with hot replacement, on one port
#   make check        the static half of make test: lint, types, contracts, generated files
#   make fix          format, and mend what can be mended by itself
#   make docs         write the generated reference pages and API types again
#   make bench        measure, print a table, write build/bench.json
#   make lock         resolve the dependencies again and write requirements/*.lock
#   make clean        remove what was built (not .venv, not data)
#
# Settings come from the environment or .env: docs/reference/settings.md. Another Python: make run PYTHON=python3.12

PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test test-fast dev check fix docs bench lock clean python dev-env

help: ## the list above
	@sed -n 's/^#   //p' Makefile

python: # one clear sentence instead of a syntax error
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Sampark needs Python 3.11 or newer, and $(PYTHON) is %d.%d. Name another one: make run PYTHON=python3.11" % sys.version_info[:2])'

dev-env: python
	@$(PYTHON) -m tools.environment dev

run: python
	@exec $(PYTHON) -m tools.run

dev: dev-env
	@exec $(BIN)/python -m tools.dev

test: python
	@$(PYTHON) -m tools.environment dev browser peers
	@exec $(BIN)/python -m tools.check all

test-fast: dev-env
	@exec $(BIN)/python -m tools.check fast

check: dev-env
	@exec $(BIN)/python -m tools.check static

fix: dev-env
	@exec $(BIN)/python -m tools.check fix

docs: dev-env
	@exec $(BIN)/python -m tools.check docs

bench: dev-env
	@exec $(BIN)/python -m tools.bench

lock: dev-env
	@exec $(BIN)/python -m tools.lock

clean:
	rm -rf build dist agent_ui/static/console portal/static/built .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
