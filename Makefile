# Two commands matter: `make dashboard` and `make test`. Both set everything up first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8866
STAMP := $(VENV)/.ready

.PHONY: dashboard test lint unit notebooks browser lab bench lock clean

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=...") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	-@$(BIN)/python -m ldnevidence.app.bundle  # a smaller plotly script, where npm can fetch it
	touch $@

dashboard: $(STAMP)
	$(BIN)/ldnevidence dashboard --port $(PORT)

test: lint unit notebooks browser

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/ldnevidence validate

unit: $(STAMP)
	$(BIN)/python -m pytest tests -m "not browser" --numprocesses auto --dist loadfile
	$(BIN)/python -m pytest --doctest-modules ldnevidence

notebooks: $(STAMP)
	$(BIN)/python -m pytest --nbval-lax notebooks

browser: $(STAMP)
	$(BIN)/python -m pytest tests -m browser -rs

lab: $(STAMP)
	$(BIN)/jupyter lab notebooks

bench: $(STAMP)
	$(BIN)/ldnevidence bench

# Rewrites the pins from pyproject.toml (needs uv); no addresses are written.
lock:
	uv pip compile pyproject.toml --extra test --universal --python-version 3.11 --no-emit-index-url --no-header --output-file requirements.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
