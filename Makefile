# Every command works in a fresh clone: the first makes the virtual environment, the others use it again.
# Another interpreter: make test PYTHON=python3.13 (after make clean).

PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/installed
# What looks for barriers in the pages; npm comes into the virtual environment with the extra `test`.
AXE_VERSION := 4.14.1
AXE := $(VENV)/axe-core-$(AXE_VERSION)

.PHONY: help demo test browser lint types layers docs coverage mutants fuzz benchmark record clean

help:  ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 18

# Remade when the metadata changes; touched only after all is installed, so that an interrupted run starts again.
$(STAMP): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --editable '.[all]'
	@touch $@

$(AXE): | $(STAMP)
	$(VENV)/bin/npm install --silent --no-save --no-audit --no-fund --prefix $(VENV)/npm axe-core@$(AXE_VERSION)
	@touch $@

demo: $(STAMP)  ## reproduce the article, figure by figure, with its pictures
	$(RUN) -m nn article

test: $(STAMP)  ## run the tests, the docstrings' examples and the documentation's
	$(RUN) -m pytest --numprocesses auto --dist worksteal

browser: $(STAMP) $(AXE)  ## open the pages that we write in headless Chromium, which has to be installed
	$(RUN) -m pytest tests/browser

lint: $(STAMP)  ## check the style
	$(RUN) -m ruff check .

types: $(STAMP)  ## check the types
	$(RUN) -m mypy

layers: $(STAMP)  ## check that imports go one way
	$(VENV)/bin/lint-imports --no-logo

docs: $(STAMP)  ## build the documentation into docs/_build/html, warnings being errors
	$(RUN) -m sphinx -W --keep-going -q -b html docs docs/_build/html

coverage: $(STAMP)  ## run the tests and list the lines that none of them reached
	$(RUN) -m coverage run -m pytest
	$(RUN) -m coverage report

mutants: $(STAMP)  ## make each derivative and each pass wrong in turn, and see that the tests fail
	$(RUN) tests/mutants.py

# On all cores; it goes on where it stopped. make fuzz COUNT=1000 START=0, and with GRIDS=yes of arrays in NumPy's style
COUNT ?= 10000
fuzz: $(STAMP)  ## random whole programs, plain, eager and compiled: where do they disagree?
	$(RUN) tests/fuzz.py --count $(COUNT) $(if $(START),--start $(START)) $(if $(GRIDS),--grids)

# The peers are in the benchmarks' own list and in none of the extras; the baselines in C need gcc.
benchmark: $(STAMP)  ## time the engine and compiled functions against their peers
	$(RUN) -m pip install --quiet --requirement tests/benchmarks/requirements.txt
	$(RUN) tests/benchmarks/bench_eager.py
	$(RUN) tests/benchmarks/bench_graph.py
	$(RUN) tests/benchmarks/bench_native.py
	$(RUN) tests/benchmarks/bench_arrays.py

record: $(STAMP)  ## the same ratios, kept as a row of tests/benchmarks/results.json: make record NAME="12 the house"
	$(RUN) -m pip install --quiet --requirement tests/benchmarks/requirements.txt
	$(RUN) tests/benchmarks/record.py "$(NAME)"

clean:  ## remove the virtual environment and all that the commands wrote
	rm -rf $(VENV) article build dist docs/_build *.egg-info .coverage .hypothesis .import_linter_cache \
	  .mypy_cache .pytest_cache .ruff_cache
	find autograd nn tests docs -name __pycache__ -type d -prune -exec rm -rf {} +
