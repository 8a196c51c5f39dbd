# wiki-etl. SOURCE is a folder or an archive, OUT a folder (blanks allowed), ARGS any further flags:
#   make migrate SOURCE="../an export.zip" OUT=out ARGS="--jobs 4 --changes"

PYTHON := .venv/bin/python
READY := .venv/.ready
export SOURCE OUT

.DEFAULT_GOAL := help
.PHONY: help migrate validate test check lint types accept schemas readme bench scale torture lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

migrate: $(READY) ## turn SOURCE (raw/) into clean JSON Lines, a redirect map and tables under OUT (out/)
	$(PYTHON) -m etl migrate --tables $${OUT:+--out "$$OUT"} $(ARGS) $${SOURCE:+"$$SOURCE"}

validate: $(READY) ## report every fault of SOURCE (raw/), by file, line and column
	$(PYTHON) -m etl validate $(ARGS) $${SOURCE:+"$$SOURCE"}

check: lint types test ## lint, types and test: what continuous integration runs

lint: $(READY) ## check style, and that imports go one way
	$(PYTHON) -m ruff check
	.venv/bin/lint-imports

types: $(READY) ## run mypy --strict
	$(PYTHON) -m mypy

test: $(READY) ## run tests and doctests; check that schemas and README are up to date
	$(PYTHON) -m pytest -q --numprocesses auto --maxprocesses 8 $(ARGS)

accept: $(READY) ## renew every expected file, schemas and README; then read the diff
	$(PYTHON) -m pytest -q --accept $(ARGS)

schemas: $(READY) ## renew schemas/ from the models
	$(PYTHON) -m pytest -q --accept -k schemas tests

readme: $(READY) ## renew the generated parts of the README
	$(PYTHON) -m pytest -q --accept -k readme tests

bench: $(READY) ## measure time and memory of whole runs
	$(PYTHON) tests/bench.py $(ARGS)

scale: $(READY) ## measure every installed server with 100,000 pages: start, memory, rates, wrong answers
	$(PYTHON) tests/servers_at_scale.py $(ARGS)

torture: $(READY) ## disturb runs (about ten minutes): failing calls, full disks, kills, hostile archives
	$(PYTHON) -m tests.torture $(ARGS)

lock: ## renew requirements.lock (needs uv; ARGS=--upgrade for newer versions)
	PATH="$$PWD/.venv/bin:$$PATH" uv pip compile --quiet --universal --generate-hashes --extra dev \
		--python-version 3.11 --custom-compile-command "make lock" --output-file requirements.lock $(ARGS) pyproject.toml

clean: ## remove caches and everything under out/
	rm -rf out/* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find etl tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The Python that an environment was made with may have been updated or removed since.
ifneq ($(shell { $(PYTHON) -c "import orjson" && echo works; } 2>/dev/null),works)
.PHONY: $(READY)
endif

$(READY): pyproject.toml requirements.lock
	.ci/environment
	touch $@
