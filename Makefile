# The China Fintech FIRE Index. `make help` lists the targets.
EDITION ?= 2022
PYTHON  ?= python3
# An active conda or venv environment serves if it holds every locked package; otherwise make builds .venv.
ACTIVE  := $(if $(VIRTUAL_ENV)$(CONDA_PREFIX),$(shell $(PYTHON) .ci/environment.py choose 2>/dev/null))
BIN     := $(or $(ACTIVE),.venv)/bin
READY   := $(if $(ACTIVE),build/active$(subst /,-,$(ACTIVE)).done,.venv/.done)
FIRE    := $(BIN)/python -m
BUILD   := build/$(EDITION)
REPORT  := reports/$(EDITION)/index.html
FONTS   := build/fonts/NotoSansSC-Regular.ttf build/fonts/NotoSansSC-Bold.ttf
DATA    := build/data.done
STYLED  := fire studies tests notebooks .ci conftest.py
NOTEBOOKS = $(wildcard notebooks/*.ipynb studies/*/notebooks/*.ipynb)

# A notebook is run once for the report; these are run once for each value of a parameter instead.
FANNED  := 41-city 50-rankings 90-explorer
INDICES := infrastructure banks digital-service-bank digital-service-securities digital-service-insurance firm-competitiveness
CHAPTERS := $(filter-out $(FANNED),$(patsubst notebooks/%.ipynb,%,$(wildcard notebooks/*.ipynb))) $(INDICES:%=50-rankings-%)
RUNS    := $(CHAPTERS:%=$(BUILD)/%/notebook.ipynb)
ASSEMBLY := $(addprefix fire/report/,assembly.py word.py site.py profile.py explorer.py workbook.py release.py)
CODE    := $(filter-out $(ASSEMBLY),$(wildcard fire/*.py fire/*/*.py))
INPUTS  := $(wildcard data/*.csv data/*.toml data/indices/* data/annex/* data/raw/*.xlsx studies/printed2022/data/* data/statistics/* data/sample/*) reports/editions/$(EDITION).yaml
TEMPLATES := $(shell find reports/template -type f 2>/dev/null) $(wildcard reports/editions/$(EDITION)-*.md)

MAKEFLAGS += --jobs=2
export OPENBLAS_NUM_THREADS ?= 1
export MPLCONFIGDIR := $(CURDIR)/build/matplotlib
export PYTHONDONTWRITEBYTECODE :=
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 14

report: $(REPORT) ## Build the report of EDITION (default 2022): reports/2022/index.html
	@echo "Open $(REPORT)"

$(REPORT): $(RUNS) $(TEMPLATES) $(ASSEMBLY)
	@$(FIRE) fire.report.assembly $(EDITION)

$(BUILD)/%/notebook.ipynb: notebooks/%.ipynb $(CODE) $(INPUTS) $(DATA) | setup
	@$(FIRE) fire.report.notebook run $< $(@D) -p edition=$(EDITION)

$(BUILD)/50-rankings-%/notebook.ipynb: notebooks/50-rankings.ipynb $(CODE) $(INPUTS) $(DATA) | setup
	@$(FIRE) fire.report.notebook run $< $(@D) -p edition=$(EDITION) -p index=$*

reports/editions/%.yaml:
	@echo "There is no $@: copy reports/editions/2022.yaml, edit it, and try again" >&2; exit 1

setup: $(READY) $(FONTS) ## 建立 Python 环境与中文字体 · Build the Python environment and the Chinese font
	@$(if $(filter setup,$(MAKECMDGOALS)),$(BIN)/python .ci/environment.py check)

.venv/.done: requirements.lock .ci/uv.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "找不到 $(PYTHON)，请先安装 Python 3.11 或更新版本 · There is no $(PYTHON): install Python 3.11 or newer first" >&2; exit 1; }
	@$(PYTHON) .ci/environment.py able
	@$(if $(VIRTUAL_ENV)$(CONDA_PREFIX),$(PYTHON) .ci/environment.py choose >/dev/null)
	@echo "正在把 $$(grep -c '==' requirements.lock) 个锁定版本的软件包装入 .venv（约一分钟）… · Installing the locked packages into .venv (about a minute) ..."
	@$(PYTHON) -m venv .venv
	@if $(@D)/bin/pip install -q --require-hashes -r .ci/uv.lock 2>/dev/null; then \
	  $(@D)/bin/uv pip install -q --python $(@D)/bin/python --require-hashes --compile-bytecode -r requirements.lock; \
	else \
	  $(@D)/bin/pip install -q --require-hashes --only-binary :all: -r requirements.lock; \
	fi
	@$(@D)/bin/pip install -q --no-deps --no-build-isolation -e .
	@touch $@

# The active environment holds the packages; only this project itself is added to it.
build/active%.done: requirements.lock pyproject.toml
	@$(if $(filter setup,$(MAKECMDGOALS)),,$(BIN)/python .ci/environment.py check)
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e . 2>/dev/null || uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@mkdir -p $(@D) && touch $@

$(FONTS) &: fire/figures/fonts.py | $(READY)
	@$(FIRE) fire.figures.fonts build/fonts

data: setup ## Rebuild the calibrated sample panel, the sample records and data/fire.duckdb
	@$(FIRE) studies.printed2022.sample.sample $(EDITION)
	@$(MAKE) --no-print-directory -B $(DATA)

# The sample panel is part of the repository, so that a report needs records and databases only.
$(DATA): $(addprefix fire/,sources/records.py report/databases.py sources/collection.py analysis/rankings.py) $(wildcard data/annex/* data/raw/*.xlsx data/sample/* data/*.csv studies/printed2022/data/*.csv data/schemas/* data/indices/*) | setup
	@$(FIRE) studies.printed2022.sample.record_sample
	@$(FIRE) fire.report.databases
	@mkdir -p build && touch $@

test: setup $(DATA) ## Run all tests and check every notebook with nbval
	@$(BIN)/pytest -n 2 --dist loadfile tests notebooks --nbval --nbval-current-env --nbval-sanitize-with tests/sanitize.cfg

test-spark: setup $(DATA) build/pyspark/.done ## Run the Spark tests on a cluster of their own (needs Java 17; installs pyspark, 490 MB)
	@PYTHONPATH=build/pyspark $(BIN)/pytest -m spark tests/test_spark.py

spark: build/pyspark/.done ## Install pyspark into build/pyspark, outside the base environment

build/pyspark/.done: pyproject.toml | $(READY)
	@$(BIN)/python -m pip install -q --target build/pyspark \
	  $$($(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["spark"])')
	@touch $@

notebooks: $(patsubst notebooks/%.ipynb,refresh-%,$(wildcard notebooks/*.ipynb)) ## Run all notebooks and store their outputs

refresh-%: $(DATA) | setup
	@$(FIRE) fire.report.notebook refresh notebooks/$*.ipynb

city: setup $(DATA) ## Run the notebook of one city: make city CITY=合肥
	@$(FIRE) fire.report.notebook run notebooks/41-city.ipynb $(BUILD)/city/$(CITY) -p edition=$(EDITION) -p city=$(CITY)

audit: setup ## Audit the index statistically: pass, flag or fail for every check
	@$(FIRE) fire.analysis.audit $(EDITION)

publish: setup ## Lock an edition (posts, weights, scores): make publish EDITION=2023
	@$(FIRE) fire.edition publish $(EDITION)

verify: setup ## Rebuild a locked edition and compare it to the digit
	@$(FIRE) fire.edition verify $(EDITION)

bench: setup ## Measure speed against stated peers and limits: reports/bench/bench.json
	@$(FIRE) tests.bench

lab: setup ## 打开 JupyterLab · Open JupyterLab
	@$(BIN)/jupyter lab --notebook-dir=. notebooks/00-start.ipynb

format: | $(READY) ## 按统一格式整理代码与笔记 · Put code and notebooks into the house style
	@$(BIN)/ruff format $(STYLED) && $(BIN)/ruff check --fix $(STYLED)

lint: style types sound ## 检查格式、写法、类型与笔记 · Check style, types and notebooks

style: | $(READY)
	@$(BIN)/ruff check --output-format concise $(STYLED) && $(BIN)/ruff format --check --output-format concise $(STYLED) \
	  || { echo "请运行 make format，它能改正大部分问题 · Run make format: it repairs most of this" >&2; exit 1; }

types: | $(READY)
	@$(BIN)/mypy

sound: | $(READY)
	@$(FIRE) fire.report.notebook check $(NOTEBOOKS)

hooks: | $(READY) ## 每次提交前自动检查 · Check before every commit
	@$(BIN)/pre-commit install

lock: | .venv/.done ## 修改 pyproject.toml 后重新锁定版本 · Re-resolve requirements.lock after editing pyproject.toml
	@.venv/bin/uv pip compile -q --universal --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.lock

clean: ## 删除 make 生成的一切，您的数据不动 · Remove everything that make built; your data stay
	rm -rf build .venv data/records data/fire.duckdb $(wildcard reports/[0-9]*) reports/bench

.PHONY: help report setup data test test-spark spark notebooks city audit publish verify bench lab format lint style types sound hooks lock clean
