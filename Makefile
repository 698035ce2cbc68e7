# The China Fintech FIRE Index. `make help` lists the targets.
EDITION ?= 2022
GIVEN   := $(if $(filter file,$(origin EDITION)),,$(EDITION))
PYTHON  ?= python3
# The packages come in groups, each with those before it: report, notebooks, tests. A command needs the first that serves it.
FOR_NOTEBOOKS := lab notebooks watch
FOR_TESTS := test test-whole test-spark test-robust bench format lint style types sound docs hooks
GROUP   := $(if $(filter $(FOR_TESTS),$(MAKECMDGOALS)),tests,$(if $(filter $(FOR_NOTEBOOKS),$(MAKECMDGOALS)),notebooks,report))
# An active conda or venv environment serves if it holds every package of the group; otherwise make builds .venv, or adds to it.
ACTIVE  := $(if $(VIRTUAL_ENV)$(CONDA_PREFIX),$(shell $(PYTHON) .ci/environment.py choose $(GROUP) 2>/dev/null))
BIN     := $(or $(ACTIVE),.venv)/bin
READY   := $(if $(ACTIVE),build/active$(subst /,-,$(ACTIVE))-$(GROUP).done,.venv/.$(GROUP))
FIRE    := $(BIN)/python -m
FONTS   := build/fonts/NotoSansSC-Regular.ttf build/fonts/NotoSansSC-Bold.ttf
STYLED  := fire studies tests notebooks docs/make.py docs/dependencies.py .ci conftest.py
NOTEBOOKS = $(wildcard notebooks/*.ipynb studies/*/notebooks/*.ipynb)

export OPENBLAS_NUM_THREADS ?= 1
export MPLCONFIGDIR := $(CURDIR)/build/matplotlib
export PYTHONDONTWRITEBYTECODE :=
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 14

report: setup ## 生成报告 · Build the report of EDITION (default 2022): reports/2022/index.html
	@$(FIRE) fire report $(EDITION)

watch: setup ## 改一处，看一处 · Follow every edit and reload the page: make watch CHAPTER=20-regions
	@$(FIRE) fire watch $(EDITION) $(if $(CHAPTER),--chapter $(CHAPTER))

setup: $(READY) $(FONTS) ## 建立 Python 环境与中文字体 · Build the Python environment and the Chinese font
	@$(if $(filter setup,$(MAKECMDGOALS)),$(BIN)/python .ci/environment.py check $(GROUP))

STAMPS = report notebooks tests
# uv installs faster than pip; it stays only as long as it is needed.
UV = .venv/bin/pip install -q --require-hashes --target .venv/uv -r .ci/uv.lock 2>/dev/null
.venv/.report .venv/.notebooks .venv/.tests: .venv/.%: requirements.lock .ci/uv.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "找不到 $(PYTHON)，请先安装 Python 3.11 或更新版本 · There is no $(PYTHON): install Python 3.11 or newer first" >&2; exit 1; }
	@$(PYTHON) .ci/environment.py able
	@$(if $(VIRTUAL_ENV)$(CONDA_PREFIX),$(PYTHON) .ci/environment.py choose $* >/dev/null)
	@echo "正在把 $$($(PYTHON) .ci/environment.py part $* | grep -c ==) 个锁定版本的软件包（$*）装入 .venv… · Installing the locked packages ($*) into .venv ..."
	@$(PYTHON) -m venv .venv
	@$(PYTHON) .ci/environment.py part $* >.venv/$*.lock
	@if $(UV); then \
	  .venv/uv/bin/uv pip install -q --python .venv/bin/python --require-hashes -r .venv/$*.lock; \
	else \
	  .venv/bin/pip install -q --require-hashes --only-binary :all: --no-compile -r .venv/$*.lock; \
	fi
	@rm -rf .venv/uv
	@.venv/bin/pip install -q --no-deps --no-build-isolation -e .
	@for group in $(STAMPS); do touch .venv/.$$group; if [ $$group = $* ]; then break; fi; done

# The active environment holds the packages; only this project itself is added to it.
build/active%.done: requirements.lock pyproject.toml
	@$(if $(filter setup,$(MAKECMDGOALS)),,$(BIN)/python .ci/environment.py check $(GROUP))
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e . 2>/dev/null || uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@mkdir -p $(@D) && touch $@

$(FONTS) &: fire/figures/fonts.py | $(READY)
	@$(FIRE) fire.figures.fonts build/fonts

data: setup ## 重建样本与数据库 · Rebuild sample panel, sample records and build/fire.duckdb
	@$(FIRE) fire data $(EDITION) --all

derived: | setup
	@$(FIRE) fire data $(EDITION)

# Results of the edition that notebooks and tests read, computed once and not by each worker.
stored: derived | setup
	@$(BIN)/python -c "import fire; from fire.report import build; build.store_results(fire.load('$(EDITION)'), print)"

# A file of tests, or a notebook and its kernel, stays on one worker; conftest.py puts first what takes longest.
PYTEST = $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder tests studies
NBVAL  = notebooks --nbval --nbval-current-env --nbval-sanitize-with tests/sanitize.cfg

test: setup derived stored ## 改过之后：测试与每本笔记 · After an edit: tests, and every notebook checked with nbval
	@$(PYTEST) $(NBVAL) -m "not (whole or browser)"

test-whole: setup derived stored ## 发布之前：整份报告、整版、文档各步、中断 · Before a release: whole reports and editions, the steps of the guides, killed runs
	@$(PYTEST) -m "whole or browser"

test-spark: setup derived build/pyspark/.done build/s3/.done ## Spark cluster and S3 server of their own (needs Java 17; installs pyspark, 490 MB)
	@PYTHONPATH=build/pyspark $(BIN)/pytest -m "spark or storage" tests/test_spark.py tests/test_object_storage.py

test-robust: setup derived ## 更久的考验：意外中断、随机的坏文件 · Longer trials: mishaps of runs, random bad files
	@$(FIRE) tests.processes
	@$(FIRE) tests.fuzz 10000

spark: build/pyspark/.done ## Install pyspark into build/pyspark, outside the base environment

build/pyspark/.done: EXTRA = spark
build/s3/.done: EXTRA = s3
build/pyspark/.done build/s3/.done: pyproject.toml | $(READY)
	@$(BIN)/python -m pip install -q --target $(@D) \
	  $$($(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["$(EXTRA)"])')
	@touch $@

notebooks: setup ## 运行全部笔记并存入输出 · Run all notebooks and store their outputs
	@$(FIRE) fire refresh --edition $(EDITION)

chapter: setup ## 新建一章 · Begin a chapter: make chapter NAME=35-credit
	@$(FIRE) fire new-chapter $(or $(NAME),-)

city: setup ## 一座城市的笔记 · Run the notebook of one city: make city CITY=合肥
	@$(FIRE) fire city $(or $(CITY),-) --edition $(EDITION)

new: setup ## 新建一版 · Begin an edition: make new EDITION=2023 FROM=2022
	@$(FIRE) fire new $(or $(GIVEN),-) $(FROM)

check: setup ## 检查数据、版次、章节与笔记 · Check data, edition, programme and notebooks before a long run
	@$(FIRE) fire check --edition $(EDITION)

sources: setup ## 识别新放入的数据文件 · Propose how files not yet named are read: make sources EDITION=2023
	@$(FIRE) fire sources $(EDITION)

audit: setup ## 统计审计 · Audit the index statistically: pass, flag or fail for every check
	@$(FIRE) fire audit $(EDITION)

word: setup ## 在 Word 目录中填入页码 · Fill page numbers into the contents of the Word files (needs LibreOffice)
	@$(FIRE) fire word $(EDITION)

publish: setup ## 发布并锁定一版 · Lock an edition (posts, weights, scores): make publish EDITION=2023
	@$(FIRE) fire publish $(GIVEN)

unlock: setup ## 撤回误锁的一版 · Take a mistaken lock back: make unlock EDITION=2023
	@$(FIRE) fire unlock $(GIVEN)

verify: setup ## 逐位核对已锁定的一版 · Rebuild a locked edition and compare it to the digit
	@$(FIRE) fire verify $(EDITION)

diff: setup ## 比较两版 · What differs between two editions: make diff A=2022 B=2023
	@$(FIRE) fire diff $(A) $(B)

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

docs: | $(READY) ## 更新文档中生成的部分 · Update what is generated in docs/: reference, picture of the rooms
	@$(BIN)/python docs/make.py && $(BIN)/python docs/dependencies.py

hooks: | $(READY) ## 每次提交前自动检查 · Check before every commit
	@$(BIN)/pre-commit install

lock: | .venv/.report ## 修改 pyproject.toml 后重新锁定版本 · Re-resolve requirements.lock after editing pyproject.toml
	@$(UV)
	@.venv/bin/python .ci/environment.py lock .venv/uv/bin/uv
	@rm -rf .venv/uv

# Only what make built: what anybody may have written stays, and so do locks that were taken back.
BUILT = $(foreach edition,$(basename $(notdir $(wildcard reports/editions/*.yaml))),reports/$(edition) reports/$(edition)-audit)

clean: ## 删除生成的文件，您的数据不动 · Remove what was built; your data stay
	@rm -rf $(filter-out build/unlocked,$(wildcard build/*)) $(BUILT) reports/bench data/sample/records $(if $(wildcard .venv/.report),.venv)
	@echo "已删除生成的文件；保留 · Removed what was built; kept: $(wildcard data/raw data/records build/unlocked) reports/editions notebooks"

.PHONY: help report watch setup data derived stored test test-whole test-spark spark notebooks chapter city new check sources audit word publish unlock verify diff bench lab \
  format lint style types sound docs hooks lock clean
