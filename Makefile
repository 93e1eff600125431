# The same commands for a contributor, for a first-time visitor and for continuous integration.
# `make demo` and `make test` set up everything they need on Debian or Ubuntu with Python 3.11.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

.PHONY: help demo test check bench format pin clean

help: ## Show what there is to make
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(STAMP) ## Simulate a shop: receipts, their odds and the score; then watch it through its cameras
	@$(BIN)/aisle demo $(ARGS)
	@echo "The program is $(BIN)/aisle;  . $(BIN)/activate  puts it on the path of this shell."

test: $(STAMP) ## Run the tests (ARGS="-k store" for some of them)
	@$(BIN)/pytest $(ARGS)

check: $(STAMP) ## Lint, formatting, types, and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict src docs
	@$(BIN)/lint-imports --no-logo

bench: $(STAMP) ## Measure the receipts on simulated recordings and print the table
	@$(BIN)/aisle bench receipts $(ARGS)

format: $(STAMP) ## Put imports and layout in order
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

pin: $(STAMP) ## Pin the requirements anew from pyproject.toml
	@$(BIN)/pip-compile $(PIN) --output-file requirements/base.txt pyproject.toml
	@$(BIN)/pip-compile $(PIN) --extra dev --constraint requirements/base.txt --output-file requirements/dev.txt \
		pyproject.toml

PIN := --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

clean: ## Remove what was built, the environment too
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment, anew whenever what it is made from has changed.
$(STAMP): requirements/dev.txt pyproject.toml
	@[[ -n "$(PYTHON)" ]] && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "error: Python 3.11 or later is needed; install it: apt-get install python3 python3-venv" >&2; exit 1; }
	@[[ -x $(BIN)/python ]] || .ci/environment "$(PYTHON)" $(VENV)
	@.ci/rendering
	@echo "Installing what Aisle needs into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
