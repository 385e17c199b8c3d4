# Needs Python 3.11 or later and make; everything else goes into .venv. Works with GNU make on Windows, macOS and Linux.
ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN := .venv/Scripts
else
PYTHON ?= python3
BIN := .venv/bin
endif
READY := .venv/ready
unexport PYTHONDONTWRITEBYTECODE  # tests start thousands of processes, each of which would compile the program anew

.DEFAULT_GOAL := help
.PHONY: help demo test slow lowest pythons airflow windows simulate mutants check format pictures bench audit release clean

help:  ## what can be made
	@$(PYTHON) -c "import re; [print(f'  make {n:8} {t}') for n, t in re.findall(r'^(\w+):.*?## (.*)', open('Makefile', encoding='utf-8').read(), re.M)]"

$(READY): pyproject.toml .ci/constraints.txt
	$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'note-importer needs Python 3.11 or later; this is ' + sys.version + '. Name another: make PYTHON=python3.12')"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint .ci/constraints.txt --editable ".[dev]"
	$(BIN)/python -c "open('$(READY)', 'w').close()"

demo: $(READY)  ## import the samples into the stand-in of the tests and show where the results are
	$(BIN)/python -m tests.sandbox.demo

test: $(READY)  ## run the fast tests
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "not slow"

slow: $(READY)  ## run the slow tests: kills, terminals, gateways, long simulations
	$(BIN)/python -m pytest -n 6 --dist worksteal -m slow

# Where a package does part of the work, so that its version matters. Old ones use what newer Pythons deprecate; that isn't shown.
WITH_PACKAGES := $(addprefix tests/,api grouping journal page reading rows settings calls/test_retry.py importing/test_batch.py importing/test_run.py \
	$(patsubst %,test_%.py,asking cli files json log markup notifications results s3 setting_up storage))
lowest:  ## run the fast tests of what works with packages, with the lowest versions that pyproject.toml allows
	$(PYTHON) -m venv --clear .venv-lowest
	$(PYTHON) .ci/lowest >.venv-lowest/constraints.txt
	$(subst .venv,.venv-lowest,$(BIN))/python -m pip install --quiet --disable-pip-version-check --constraint .venv-lowest/constraints.txt --editable ".[test]"
	$(subst .venv,.venv-lowest,$(BIN))/python -m pytest -n 3 --dist worksteal -m "not slow" -W ignore::DeprecationWarning $(WITH_PACKAGES)

pythons:  ## run the fast tests with every other Python at hand, from 3.11 on
	$(PYTHON) .ci/pythons

airflow: $(READY)  ## run the sample for Airflow under a real Airflow, which gets an environment of its own (290 MB)
	$(PYTHON) -m venv .venv-airflow
	$(subst .venv,.venv-airflow,$(BIN))/python -m pip install --quiet --disable-pip-version-check --constraint samples/airflow/constraints.txt apache-airflow
	$(BIN)/python -m pytest tests/test_airflow.py

windows: $(READY)  ## try the program in Python for Windows under wine, which get a folder of their own (1 GB)
	$(BIN)/python .ci/windows

simulate: $(READY)  ## imports in a simulated world: SEEDS=200000 of them, or SEED=7 step by step (BEYOND=twice, FILES=1, …)
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),1000)) $(if $(BEYOND),--beyond $(BEYOND)) $(if $(FILES),--files) $(if $(UPDATES),--updates)

mutants: $(READY)  ## break each rule of delivery in turn, and see that a simulated world shows it (SEEDS=10000)
	$(BIN)/python -m tests.simulation.mutants --seeds $(or $(SEEDS),10000)

check: $(READY)  ## format, lint, types, fast tests; CI runs more (.ci/run)
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m ruff check
	$(BIN)/python -m mypy
	$(MAKE) test

format: $(READY)  ## put the code into its one format
	$(BIN)/python -m ruff format
	$(BIN)/python -m ruff check --fix

pictures: $(READY)  ## make the pictures in docs/ anew, with a browser and LibreOffice
	PICTURES=1 $(BIN)/python -m pytest tests/page/test_pictures.py

bench: $(READY)  ## measure the importer beside the script one would write instead
	$(BIN)/python -m tests.benchmarks $(BENCH)

audit: $(READY)  ## list what is installed against the known advisories, as far as the network allows
	$(BIN)/python .ci/audit $(BIN)/python

release: $(READY)  ## build a release into dist/ and check it: packages, and folders with a Python of their own
	$(BIN)/python .ci/release $(if $(TRIAL),--trial)

clean:  ## remove what make made
	$(PYTHON) -c "import glob, shutil; [shutil.rmtree(d, ignore_errors=True) for d in (*glob.glob('.venv*'), 'demo', 'build', 'dist', '.pytest_cache', '.mypy_cache', '.ruff_cache', '.hypothesis')]"
