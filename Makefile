# Every command a newcomer needs. `make quickstart` and `make test` set up everything themselves.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
TORCH ?= torch==2.13.0
PIP = $(BIN)/python -m pip --disable-pip-version-check

# Debian has daemons, and what apt-get needs, where the path of a user does not look.
export PATH := $(PATH):/usr/sbin:/sbin

# Installed once per content of the files it depends on; a second `make` does nothing.
STAMP = $(VENV)/.installed
TEST_STAMP = $(VENV)/.installed-test

.PHONY: help install install-test quickstart test test-fast test-slurm slurm gpaw lint format clean

help:
	@echo "make quickstart  install, then run workflows/quickstart.yaml"
	@echo "make test        install with the test extra, then run the whole test suite"
	@echo "make test-fast   unit and physics tests, without the slow ones"
	@echo "make test-slurm  install SLURM where that is possible, and send jobs through its queues"
	@echo "make gpaw        build GPAW into the environment where that is possible: DFT labels and ab initio MD"
	@echo "make lint        ruff, mypy, import-linter, codespell"
	@echo "make format      format the code"
	@echo "make clean       remove the environment and the runs"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "perolyte needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) --version 2>&1); call make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "cannot make a virtual environment in $(VENV); on Debian: apt-get install python3-venv"; exit 1; }

# torch first and by itself: nothing later can then pull another build of it. Its build with CUDA
# is several gigabytes, so that a machine without a GPU is not made to download it.
$(STAMP): pyproject.toml constraints.txt | $(VENV)/bin/python
	@if [ -z "$(ALLOW_CUDA)" ] && ! command -v nvidia-smi >/dev/null && \
	    $(PIP) install --quiet --dry-run --report - $(TORCH) 2>/dev/null | grep -q '"name": "nvidia-'; then \
	  echo "pip would install torch with CUDA here (gigabytes), but this machine shows no GPU."; \
	  echo "Install the CPU build of torch 2.13.0 into $(VENV) as pytorch.org says, or call make ALLOW_CUDA=1; then call make again."; \
	  exit 1; fi
	@$(PIP) install --quiet $(TORCH) -c constraints.txt || \
	  { echo "cannot install $(TORCH); the lines above say why. Check the network and the free space ($$(df -h --output=avail . | tail -1 | tr -d ' ') here), then call make again"; exit 1; }
	@$(PIP) install --quiet -c constraints.txt -e . || \
	  { echo "installation failed; the lines above name the package. Check the network and the free space ($$(df -h --output=avail . | tail -1 | tr -d ' ') here), then call make again"; exit 1; }
	@touch $@

$(TEST_STAMP): $(STAMP)
	@$(PIP) install --quiet -c constraints.txt -e ".[test,lint]" || \
	  { echo "installing the test tools failed; the lines above name the package, then call make again"; exit 1; }
	@touch $@

install: $(STAMP)
install-test: $(TEST_STAMP)

quickstart: $(STAMP)
	$(BIN)/perolyte run workflows/quickstart.yaml

test: $(TEST_STAMP)
	$(BIN)/python -m pytest -n auto --dist loadfile

test-fast: $(TEST_STAMP)
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow" tests/unit tests/physics src

# A real queue of one node for the tests: Debian's SLURM, as root. Its daemons listen on loopback,
# and only while a test runs.
slurm:
	@command -v slurmctld >/dev/null && command -v munged >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	    apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null; } || \
	  echo "SLURM cannot be installed here (that needs root and apt-get): its tests are skipped"

test-slurm: slurm $(TEST_STAMP)
	$(BIN)/python -m pytest tests/integration/test_slurm.py

# GPAW with libxc and OpenBLAS, without MPI: its build finds neither by itself, and fails where an
# MPI compiler is on the PATH. About 2.5 minutes; a second call does nothing.
GPAW ?= gpaw==26.7.0
GPAW_CONFIG_FILE = $(VENV)/gpaw_siteconfig.py

gpaw: $(STAMP)
	@if $(BIN)/python -c 'import gpaw.cgpaw' 2>/dev/null; then exit 0; fi; \
	  { [ -e /usr/include/xc.h ] && ls /usr/lib/*/libopenblas.so /usr/lib/libopenblas.so 2>/dev/null | grep -q . && command -v g++ >/dev/null; } || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	    apt-get install -y -qq --no-install-recommends libxc-dev libopenblas-dev g++ >/dev/null; } || \
	  { echo "GPAW needs libxc and OpenBLAS with their headers and g++, which needs root and apt-get here: its tests are skipped"; exit 0; }; \
	  printf "mpi = False\ncompiler = 'g++'\nlibraries = ['xc', 'openblas']\nnoblas = False\nnolibxc = False\n" > $(GPAW_CONFIG_FILE); \
	  GPAW_CONFIG=$(abspath $(GPAW_CONFIG_FILE)) $(PIP) install --quiet -c constraints.txt $(GPAW) || \
	  echo "GPAW could not be built, the lines above say why: its tests are skipped"

lint: $(TEST_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

format: $(TEST_STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) runs build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
