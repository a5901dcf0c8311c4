# nbalabel: `make` alone lists what there is.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest
# Notebooks that need torch, two of which train for real in every push; the others load stored runs, as on Binder.
TRAINING := notebooks/00_your_own_pictures.ipynb notebooks/01_active_labeling.ipynb notebooks/05_beyond_one_machine.ipynb

.DEFAULT_GOAL := help
.PHONY: help setup widgets vitest demo lab test test-full check lint types unit training notebooks notebooks-full browser wheel attack numerics bench starter pictures looks docs clean

help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## create .venv with everything the project needs (about 6 GB, most of it torch)

WIDGETS := $(wildcard js/src/widgets/*.ts js/src/widgets/*.css)
BUNDLES := $(patsubst js/src/widgets/%,src/nbalabel/static/%,$(WIDGETS:.ts=.js))

$(READY): pyproject.toml constraints.txt scripts/setup.sh js/package-lock.json
	@PYTHON="$(PYTHON)" VENV="$(VENV)" bash scripts/setup.sh
	@touch $@

$(BUNDLES) &: $(READY) $(shell find js/src -type f) js/build.mjs src/nbalabel/core/show/palette.json # one run makes them all
	@cd js && npm run --silent build

widgets: $(BUNDLES) ## build the browser half of the widgets again

demo: $(READY) $(BUNDLES) ## run the active-labeling loop on the generated reef and show what it found
	@$(BIN)/python scripts/demo.py

lab: $(READY) $(BUNDLES) ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab --ip 127.0.0.1 --notebook-dir . $(if $(filter 0,$(shell id -u)),--allow-root)

test: $(READY) lint types vitest unit training wheel browser notebooks ## everything: lint, types, TypeScript, Python, wheel, browser, notebooks

test-full: $(READY) lint types vitest unit training wheel browser notebooks-full ## as test, with every notebook training for real

check: $(READY) ## format, lint, types and the quick tests
	@$(BIN)/ruff format --quiet src tests benchmarks scripts binder docs/conf.py
	@$(BIN)/ruff check --fix --quiet src tests benchmarks scripts binder docs/conf.py
	@cd js && npm run --silent format && npm run --silent test
	@$(MAKE) --no-print-directory types
	@$(PYTEST) -q -n 2 -m "not slow and not training and not browser"

lint: $(READY)
	@echo "== lint" && $(BIN)/ruff format --check src tests benchmarks scripts binder docs/conf.py && $(BIN)/ruff check src tests benchmarks scripts binder docs/conf.py
	@cd js && npm run --silent lint

types: $(READY)
	@echo "== types" && $(BIN)/mypy
	@cd js && npm run --silent types

vitest: $(READY)
	@echo "== TypeScript" && cd js && npm run --silent test

unit: $(READY) $(BUNDLES)
	@bash scripts/postgres.sh
	@echo "== Python" && $(PYTEST) -q -n 2 --dist loadfile -m "not training and not browser" --durations 8

training: $(READY)
	@echo "== training" && $(PYTEST) -q -m training --durations 5

wheel: $(READY) $(BUNDLES)
	@echo "== wheel" && bash scripts/check_wheel.sh $(BIN)/python

browser: $(READY) $(BUNDLES)
	@echo "== browser" && CHROMIUM="$$(bash scripts/chromium.sh)" && CHROMIUM="$$CHROMIUM" $(PYTEST) -q -m browser

notebooks: $(READY) $(BUNDLES)
	@echo "== notebooks" && $(PYTEST) -q --nbmake --nbmake-timeout 1500 --durations 9 $(TRAINING)
	@PYTHONPATH=$(CURDIR)/scripts/without_torch $(PYTEST) -q --nbmake --nbmake-timeout 600 --durations 9 $(filter-out $(TRAINING),$(wildcard notebooks/*.ipynb))

notebooks-full: $(READY) $(BUNDLES)
	@echo "== notebooks, all training" && $(PYTEST) -q --nbmake --nbmake-timeout 1500 notebooks

attack: $(READY) $(BUNDLES) ## kill, interrupt, fork, fuzz and fault at length (`make test` does a little of each)
	@bash scripts/postgres.sh
	@NBALABEL_ATTACK=full $(PYTEST) -q -n 2 tests/attack

numerics: $(READY) ## the tests of models as other processors would round
	@bash scripts/numerics.sh $(BIN)/python

bench: $(READY) $(BUNDLES) ## measure against the peers, in one run (about 20 minutes)
	@$(BIN)/python benchmarks/run.py

starter: $(READY) ## train weights to start from on generated scenes alone, out/starter.npz (about 15 minutes); what nl.Yolo("starter") reads is such a file
	@$(BIN)/python -m nbalabel.learn.starter.make out/starter.npz

pictures: $(READY) $(BUNDLES) ## make the pictures of README and docs again
	@$(BIN)/python -m nbalabel.demo.picture docs/images
	@CHROMIUM="$$(bash scripts/chromium.sh)" $(BIN)/python scripts/screenshots.py docs/images
	@CHROMIUM="$$(bash scripts/chromium.sh)" $(BIN)/python scripts/report.py docs/images
	@CHROMIUM="$$(bash scripts/chromium.sh)" $(BIN)/python scripts/animations.py docs/images

looks: $(READY) $(BUNDLES) ## every view and state in both themes, wide and narrow, into out/looks (about 20 minutes)
	@CHROMIUM="$$(bash scripts/chromium.sh)" $(BIN)/python scripts/screenshots.py --all out/looks

docs: ## build the documentation into out/docs (a minute; the first time a few, for .venv-docs)
	@PYTHON="$(PYTHON)" bash scripts/docs.sh

clean: ## remove the environment and every cache
	rm -rf $(VENV) .venv-docs js/node_modules src/nbalabel/static/*.js src/nbalabel/static/*.css .mypy_cache .pytest_cache .ruff_cache .hypothesis dist build out
