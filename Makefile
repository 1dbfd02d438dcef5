# Set-up happens by itself: every target that needs it depends on $(READY).
PYTHON ?= python3
FORCE ?=
ARGS ?=

READY := .venv/ready
BIN := .venv/bin
TWINHEAD := $(BIN)/twinhead
FORCED := $(if $(filter-out 0,$(FORCE)),force=true)

.DEFAULT_GOAL := help
.PHONY: help setup reproduce articles sweep law bench docs test mutants slow fuzz lint format lock

help: ## Print the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo; echo "  FORCE=1 measures again, ARGS=\"epochs=10 ...\" sets keys; all else is $(TWINHEAD)"

setup: $(READY) ## Make .venv from requirements.lock (every other target does so when needed)

reproduce: $(READY) ## Run the article's experiment, on its features or their surrogate and on real data
	@$(TWINHEAD) reproduce $(FORCED) $(ARGS)

articles: $(READY) ## Measure what articles 001 to 004 state and print
	@$(TWINHEAD) articles $(FORCED) $(ARGS)

sweep: $(READY) ## Sweep the learning-rate ratio; RATIOS=0.5,1,2,4 SEEDS=0,1,2 ARGS="data=... ..."
	@$(TWINHEAD) lr_ratio $(if $(RATIOS),lr_ratios=[$(RATIOS)]) $(if $(SEEDS),seeds=[$(SEEDS)]) $(FORCED) $(ARGS)

law: $(READY) ## Train every setting with both heads, mapped and not: which maps by which factor
	@$(TWINHEAD) law $(FORCED) $(ARGS)

bench: $(READY) ## Time the bank beside NumPy, JAX, PyTorch, Keras and scikit-learn, and read large files from a cold disk: a quarter of an hour, 5 GiB of disk, on a machine that nobody else uses
	@$(TWINHEAD) benchmark $(FORCED) $(ARGS)

docs: $(READY) ## Fill the numbers in the documents; TAKE="benchmark law precision" takes them from the latest runs first
	@$(BIN)/python docs/fill.py $(TAKE)

test: $(READY) ## Run the tests
	@$(BIN)/python -m pytest

mutants: $(READY) ## Break the code in one line at nearly 200 places and see that tests notice; takes an hour
	@$(BIN)/python tests/mutants/run.py $(ARGS)

slow: $(READY) ## Run the tests that take minutes as well: a wheel in an empty environment, many combinations
	@$(BIN)/python -m pytest -m "slow or not slow"

fuzz: $(READY) ## Read 10 000 damaged files, kill 300 runs; ARGS="mutations=100 kills=10 seed=1"
	@$(BIN)/python tests/trust/fuzz.py $(ARGS)

lint: $(READY) ## Check style, format and types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

format: $(READY) ## Put the code in the house's format
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

lock: ## Resolve requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --extra dev --extra cluster --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --custom-compile-command "make lock" --quiet --output-file requirements.lock

ifndef ALONE
# One set-up at a time: who comes second waits, and finds it done.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import fcntl, subprocess, sys; lock = open(".venv.lock", "w"); \
	  fcntl.flock(lock, fcntl.LOCK_EX); sys.exit(subprocess.call(sys.argv[1:]))' \
	  $(MAKE) --no-print-directory ALONE=1 $@
else
# Setuptools and wheel come first: with them in place nothing is fetched that the lock has no hash of.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit( \
	  f"error: $(PYTHON): found Python {v[0]}.{v[1]}, expected 3.11 to 3.13; use make PYTHON=python3.12")'
	@echo "Setting up .venv (once; TensorFlow is large)"
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@awk '/^(setuptools|wheel)==/ { on = 1 } on; !/\\$$/ { on = 0 }' requirements.lock > .venv/build.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/build.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@
endif
