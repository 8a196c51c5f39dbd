# wiki-etl. SOURCE and OUT are folders or archives (blanks allowed), ARGS any further flags:
#   make migrate SOURCE="../an export.zip" OUT=out ARGS="--jobs 4 --changes"

PYTHON := .venv/bin/python
READY := .venv/.ready
export SOURCE OUT

.DEFAULT_GOAL := help
.PHONY: help migrate validate test check lint types accept schemas readme bench scale torture lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

migrate: $(READY) ## SOURCE (raw/) -> clean JSON Lines, redirect map and tables under OUT (out/)
	$(PYTHON) -m etl migrate --tables $${OUT:+--out "$$OUT"} $(ARGS) $${SOURCE:+"$$SOURCE"}

validate: $(READY) ## every fault of SOURCE (raw/), by file, line and column
	$(PYTHON) -m etl validate $(ARGS) $${SOURCE:+"$$SOURCE"}

check: lint types test ## all that continuous integration asks

lint: $(READY) ## style, and imports that go one way
	$(PYTHON) -m ruff check
	.venv/bin/lint-imports

types: $(READY) ## mypy --strict
	$(PYTHON) -m mypy

test: $(READY) ## tests and doctests; schemas and README in step
	$(PYTHON) -m pytest -q $(ARGS)

accept: $(READY) ## renew every golden file, schemas and README; then read the diff
	$(PYTHON) -m pytest -q --accept $(ARGS)

schemas: $(READY) ## renew schemas/ from the models
	$(PYTHON) -m pytest -q --accept -k schemas tests

readme: $(READY) ## renew the generated parts of the README
	$(PYTHON) -m pytest -q --accept -k readme tests

bench: $(READY) ## measure time and memory
	$(PYTHON) tests/bench.py $(ARGS)

scale: $(READY) ## 100,000 pages on every real server that is installed: start, memory, rates, wrong answers
	$(PYTHON) tests/servers_at_scale.py $(ARGS)

torture: $(READY) ## disturb runs in every way (about ten minutes): failing calls, full disks, kills, hostile archives
	$(PYTHON) -m tests.torture $(ARGS)

lock: ## renew requirements.lock (needs uv; ARGS=--upgrade for newer versions)
	PATH="$$PWD/.venv/bin:$$PATH" uv pip compile --quiet --universal --generate-hashes --extra dev \
		--python-version 3.11 --custom-compile-command "make lock" --output-file requirements.lock $(ARGS) pyproject.toml

clean: ## remove caches and everything under out/
	rm -rf out/* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find etl tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml requirements.lock
	.ci/environment
	touch $@
