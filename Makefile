# nbalabel: `make` alone lists what there is.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help setup demo lab test check lint types unit training notebooks browser wheel bench pictures clean

help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## create .venv with everything the project needs (about 6 GB, most of it torch)

$(READY): pyproject.toml constraints.txt scripts/setup.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" bash scripts/setup.sh
	@touch $@

demo: $(READY) ## run the active-labeling loop on the generated reef and show what it found
	@$(BIN)/python scripts/demo.py

lab: $(READY) ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab --ip 127.0.0.1 --notebook-dir . $(if $(filter 0,$(shell id -u)),--allow-root)

test: $(READY) lint types unit training wheel browser notebooks ## everything: lint, types, Python, wheel, browser, notebooks

check: $(READY) ## format, lint, types and the quick tests
	@$(BIN)/ruff format --quiet src tests benchmarks scripts
	@$(BIN)/ruff check --fix --quiet src tests benchmarks scripts
	@$(MAKE) --no-print-directory types
	@$(PYTEST) -q -n 2 -m "not slow and not training and not browser"

lint: $(READY)
	@echo "== lint" && $(BIN)/ruff format --check src tests benchmarks scripts && $(BIN)/ruff check src tests benchmarks scripts

types: $(READY)
	@echo "== types" && $(BIN)/mypy

unit: $(READY)
	@echo "== Python" && $(PYTEST) -q -n 2 --dist loadfile -m "not training and not browser" --durations 8

training: $(READY)
	@echo "== training" && $(PYTEST) -q -m training --durations 5

wheel: $(READY)
	@echo "== wheel" && bash scripts/check_wheel.sh $(BIN)/python

browser: $(READY)
	@echo "== browser" && CHROMIUM="$$(bash scripts/chromium.sh)" && CHROMIUM="$$CHROMIUM" $(PYTEST) -q -m browser

notebooks: $(READY)
	@echo "== notebooks" && $(PYTEST) -q --nbmake --nbmake-timeout 1500 notebooks

bench: $(READY) ## measure against the peers, in one run (about 20 minutes)
	@$(BIN)/python benchmarks/run.py

pictures: $(READY) ## make the pictures of README and docs again
	@$(BIN)/python -m nbalabel.demo.picture docs/images

clean: ## remove the environment and every cache
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis dist build out
