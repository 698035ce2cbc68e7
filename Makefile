# The China Fintech FIRE Index. `make help` lists the targets.
EDITION ?= 2022
PYTHON  ?= python3
BIN     := .venv/bin
FONTS   := build/fonts/NotoSansSC-Regular.ttf build/fonts/NotoSansSC-Bold.ttf
export OPENBLAS_NUM_THREADS ?= 1
export MPLCONFIGDIR := $(CURDIR)/build/matplotlib
export PYTHONDONTWRITEBYTECODE :=
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 12

setup: .venv/.done $(FONTS) ## Build the Python environment and the Chinese font

.venv/.done: requirements.lock .ci/uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "FIRE needs Python 3.11 or newer; set PYTHON=python3.12, say")'
	$(PYTHON) -m venv --clear .venv
	@echo "Installing $$(grep -c '==' requirements.lock) pinned packages ..."
	@if $(BIN)/pip install -q --require-hashes -r .ci/uv.lock 2>/dev/null; then \
	  $(BIN)/uv pip install -q --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock; \
	else \
	  $(BIN)/pip install -q --require-hashes --only-binary :all: -r requirements.lock; \
	fi
	@$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(FONTS) &: fire/fonts.py | .venv/.done
	@$(BIN)/python -m fire.fonts build/fonts

lock: | .venv/.done ## Re-resolve requirements.lock after editing pyproject.toml
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock

clean: ## Remove everything that make built, but not your data
	rm -rf build .venv data/records data/fire.duckdb $(wildcard reports/[0-9]*) reports/bench

.PHONY: help setup lock clean
