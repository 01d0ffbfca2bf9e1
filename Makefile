SHELL := /bin/sh
PY := .venv/bin/python
RUNTIME := .venv/.runtime
DEV := .venv/.dev
COMPILE := $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) pyproject.toml

# Planning a query asks for memory in many small pieces; see docs/decisions/planning-cost.md.
export GLIBC_TUNABLES ?= glibc.malloc.tcache_count=4000

.DEFAULT_GOAL := help
.PHONY: help run test load bench docs setup setup-bigquery lint format lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

run: $(RUNTIME) ## everything a newcomer needs: environment, demo data if there is no database, app on http://127.0.0.1:8050
	@bin/run

test: $(DEV) ## environment, browser, every test
	@browser=$$(bin/browser) && BROWSER_PATH=$$browser $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

load: $(RUNTIME) ## load exports, train, score, rank leaks, publish: make load FILES="exports/*.parquet"
	@$(if $(strip $(FILES)),,echo 'Name the exports: make load FILES="exports/*.parquet"' >&2; exit 2)
	@$(PY) -m etl load $(FILES)
	@bin/model

bench: $(DEV) ## the benchmarks, with their table
	@$(PY) -m tests.benchmarks

docs: $(RUNTIME) ## write docs/data-dictionary.md anew from the comments in sql/
	@$(PY) -m etl.dictionary

setup: $(DEV) ## the environment alone, in .venv
	@echo 'The environment is ready: .venv'

setup-bigquery: ## the environment with Google's client, for python -m etl pull bigquery
	@bin/setup requirements-bigquery.txt
	@touch $(RUNTIME)

lint: $(DEV) ## style and import rules, nothing changed
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check --quiet --output-format=concise .
	@$(PY) .venv/bin/lint-imports --no-logo

format: $(DEV) ## mend what ruff can mend
	@$(PY) -m ruff check --quiet --fix --exit-zero .
	@$(PY) -m ruff format --quiet .

lock: $(DEV) ## write requirements*.txt anew from pyproject.toml (UPGRADE=1 moves every version)
	@$(COMPILE) --output-file requirements.txt
	@$(COMPILE) --output-file requirements-dev.txt --extra dev --constraint requirements.txt
	@$(COMPILE) --output-file requirements-bigquery.txt --extra bigquery --constraint requirements-dev.txt

clean: ## remove the environment and every cache; data/ stays
	@rm -rf .venv build .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

$(RUNTIME): requirements.txt
	@bin/setup requirements.txt
	@touch $@

# The development requirements hold the runtime's, so one installation answers for both.
$(DEV): requirements-dev.txt
	@bin/setup requirements-dev.txt
	@touch $@ $(RUNTIME)
