# Each target sets up what it needs, once; a second run starts at once. `make setup` does that alone.
.DEFAULT_GOAL := help
.PHONY: help setup develop demo serve test test-all lint audit bench bench-large rebuild lock clean

BIN := .venv/bin
CODE := $(wildcard domain application projections interfaces tests benchmarks requirements/*.py)

help:           ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 14

setup:          ## an isolated .venv with what Casetrail runs on; .venv/bin/casetrail is usable afterwards
	@sh requirements/install.sh runtime

develop:        ## setup, and what tests and lint need
	@sh requirements/install.sh dev

demo: setup     ## a real PostgreSQL, two cases as readable timelines, and the API on loopback until stopped
	$(BIN)/casetrail demo

serve: setup    ## the service on loopback, as a rehearsal
	$(BIN)/casetrail serve --rehearsal

rebuild: setup  ## the read models made again from the events, compared, and switched
	$(BIN)/casetrail rebuild

test: develop   ## the tests of every day
	$(BIN)/python -m pytest -n 2 -m "not slow and not fuzz and not browser and not system_postgres"

test-all: develop ## those, the slow tiers, and all that needs parts from outside
	$(BIN)/python -m pytest -n 2

lint: develop   ## style, types, and which way the arrows point
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports

audit: develop  ## known weaknesses of what is locked, and a bill of materials (build/sbom.cdx.json)
	$(BIN)/python requirements/audit.py

bench: develop  ## about ten minutes; ratios beside a peer or a limit measured in the same run
	$(BIN)/python -m benchmarks

bench-large: develop ## ten years of England: 20,000 cases generated, checked, made into read models and asked; most of an hour
	$(BIN)/python -m benchmarks --large

lock:           ## choose versions anew (needs uv); commit what changes
	@sh requirements/lock.sh

clean:          ## remove the environment and caches; data is kept
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
