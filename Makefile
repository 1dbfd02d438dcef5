# Set-up happens by itself: every target that needs it depends on $(READY).
PYTHON ?= python3
FORCE ?=
ARGS ?=

READY := .venv/ready
RUN := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup reproduce articles sweep law bench docs test lint format lock

help: ## Print the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv from requirements.lock (every other target does so when needed)

reproduce: $(READY) ## Run the article's experiment; FORCE=1 measures again, ARGS="epochs=10 ..." sets keys
	@$(RUN) experiments/reproduce.py $(if $(filter-out 0,$(FORCE)),force=true) $(ARGS)

articles: $(READY) ## Measure what articles 001 to 004 state and print; FORCE=1 measures again
	@$(RUN) experiments/articles.py $(if $(filter-out 0,$(FORCE)),force=true) $(ARGS)

sweep: $(READY) ## Sweep the learning-rate ratio; RATIOS=0.5,1,2,4 SEEDS=0,1,2 ARGS="data=... ..."
	@$(RUN) experiments/lr_ratio.py $(if $(RATIOS),lr_ratios=[$(RATIOS)]) $(if $(SEEDS),seeds=[$(SEEDS)]) \
	  $(if $(filter-out 0,$(FORCE)),force=true) $(ARGS)

law: $(READY) ## Train every setting with both heads, mapped and not: which maps by which factor
	@$(RUN) experiments/law.py $(if $(filter-out 0,$(FORCE)),force=true) $(ARGS)

bench: $(READY) ## Time the bank beside Keras's fit, NumPy, scikit-learn and, if installed, JAX and PyTorch
	@$(RUN) experiments/benchmark.py $(if $(filter-out 0,$(FORCE)),force=true) $(ARGS)

docs: $(READY) ## Fill the numbers in the documents; TAKE="benchmark law" takes them from the latest runs first
	@$(RUN) docs/fill.py $(TAKE)

test: $(READY) ## Run the tests
	@$(RUN) -m pytest

lint: $(READY) ## Check style and format
	@$(RUN) -m ruff check . && $(RUN) -m ruff format --check .

format: $(READY) ## Put the code in the house's format
	@$(RUN) -m ruff check --fix . && $(RUN) -m ruff format .

lock: ## Resolve requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --custom-compile-command "make lock" --quiet --output-file requirements.lock

# Setuptools and wheel come first: with them in place nothing is fetched that the lock has no hash of.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit( \
	  f"error: $(PYTHON): found Python {v[0]}.{v[1]}, expected 3.11 to 3.13; use make PYTHON=python3.12")'
	@echo "Setting up .venv (once; TensorFlow is large)"
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@awk '/^(setuptools|wheel)==/ { on = 1 } on; !/\\$$/ { on = 0 }' requirements.lock > .venv/build.lock
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/build.lock
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation -r requirements.lock
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@
