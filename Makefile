# leadbench: every job of the house. It needs Python 3.11 or newer and make; uv and everything else is got here.

PYTHON ?= python3
UV := .uv/bin/uv
BIN := .venv/bin
SYNCED := .venv/.synced
STORE ?= leadbench-demo
SIZE ?= small

export UV_PYTHON_DOWNLOADS := never
# Compiled modules are kept, whatever the caller's shell says: the many processes of `make test` start in half the time.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo check test campaign bench screenshots format chromium clean
.DEFAULT_GOAL := help

help:  ## what can be done here
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(SYNCED)  ## seeded B2B stream -> store -> model -> policy -> decisions -> the app in the browser
	$(BIN)/leadbench demo --store $(STORE)

check: $(SYNCED)  ## format, lint, types, import contracts, house rules
	@$(MAKE) --no-print-directory -j2 lint types

.PHONY: lint types
lint: $(SYNCED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/python -m tests.house.rules

types: $(SYNCED)
	$(BIN)/pyright

test: lint chromium  ## everything a push must pass, a file of tests on each core at a time
	@$(MAKE) --no-print-directory -j2 types suite

.PHONY: suite
suite: $(SYNCED)
	$(BIN)/python -m pytest -m "not bench and not campaign" --numprocesses auto --dist loadfile --no-loadscope-reorder $(PYTEST)

campaign: $(SYNCED)  ## fault and differential campaigns at full size
	$(BIN)/python -m pytest -m campaign $(PYTEST)

bench: $(SYNCED)  ## speed and memory ratios, SIZE=small|full
	LEADBENCH_BENCH_SIZE=$(SIZE) $(BIN)/python -m pytest -m bench -s $(PYTEST)

screenshots: $(SYNCED) chromium  ## every page in light and dark to build/screenshots
	$(BIN)/python -m tests.browser.screenshots build/screenshots

format: $(SYNCED)  ## rewrite the code in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

chromium: $(SYNCED)
	$(BIN)/python -m tests.browser.chromium

clean:  ## remove what can be made again (environment, builds); stores stay
	rm -rf .venv .uv build dist .ruff_cache .pytest_cache .import_linter_cache
	find $(wildcard app core pages tests) -name __pycache__ -prune -exec rm -rf {} +

$(UV):
	@command -v $(PYTHON) >/dev/null || { \
	  echo "leadbench needs Python 3.11 or newer; there is no \`$(PYTHON)\` here." >&2; \
	  echo "Install one and name it: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "leadbench needs Python 3.11 or newer; \`$(PYTHON)\` is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Install one and name it: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "\`$(PYTHON)\` has no venv module. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"

$(SYNCED): $(UV) pyproject.toml uv.lock
	$(UV) sync --frozen --python .uv/bin/python
	@touch $@
