# make run     a verdict on a real PostgreSQL, in out/smoke/report.html
# make test    the tests
# make lint    style, types and layers
# make wheel   the sdist, and the wheel built from it, in dist/
# make lock    requirements.lock anew (LOCK_FLAGS=--upgrade for newer versions)
#
# Each makes .venv first, from requirements.lock. PYTHON=python3.13 chooses its interpreter.

PYTHON  ?= python3
PROFILE ?= smoke
OUT     ?= out/$(PROFILE)
DIST    ?= dist
BIN     := .venv/bin

.PHONY: run test lint wheel lock clean
.DELETE_ON_ERROR:

run: .venv/ready
	$(BIN)/virtualq check --profile $(PROFILE) --out $(OUT)

# The fast tests first: they need no server and answer within seconds.
test: .venv/ready
	$(BIN)/pytest tests -m "not server and not slow"
	$(BIN)/pytest tests -m "server or slow"
	$(BIN)/pytest conformance

lint: .venv/ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pip check --disable-pip-version-check

wheel: .venv/ready
	$(BIN)/python -m build --no-isolation --outdir $(DIST)

# uv reads no environment or configuration here that could put an address into the lock.
lock: .venv/ready
	$(BIN)/uv pip compile pyproject.toml --group dev --output-file requirements.lock --quiet \
	    --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(LOCK_FLAGS)

clean:
	rm -rf .venv out dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# A stamp is written last, so that an interrupted install is begun anew and never taken for whole.
.venv/locked: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "virtualq needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)"; \
	    echo "  next: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; } >&2
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "'$(PYTHON)' cannot make virtual environments: its venv module is missing"; \
	    echo "  next: install it (on Debian and Ubuntu: apt install python3-venv)"; exit 1; } >&2
	@echo "making .venv from requirements.lock; the first time this downloads for a minute or two"
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/ready: .venv/locked pyproject.toml
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@
