# Belongs here: one verb per job, each installing what it needs by itself.
# Not here: what a job does (pipelines), or settings (DGI_* variables, docs/settings.md).
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# R's survey package: its data sets are what the oracle tests read, its speed what we compare with.
R_SURVEY := Rscript -e 'library(survey)' >/dev/null 2>&1 || (apt-get update -qq && apt-get install -y -qq r-cran-survey)
YEAR ?=
REASON ?=
NEW_VERSION ?=
PORT ?= 3000
BENCH ?=
export DAGSTER_DISABLE_TELEMETRY := yes
export GX_ANALYTICS_ENABLED := false
export PYTHONPATH := $(CURDIR)

.PHONY: help refresh sample new-year editions propose publish verify test lint bench pin ui clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | column -t -s '|'

refresh: $(VENV)/run ## Make every year from workbooks and published PAPI to reports (YEAR=2019 for one; REASON="why" makes published years anew)
	$(BIN)/python -m pipelines.refresh $(if $(YEAR),--year $(YEAR)) $(if $(REASON),--reason "$(REASON)")

sample: $(VENV)/run ## Fill empty landing folders with the simulated survey (sample data)
	$(BIN)/python -m pipelines.sample

new-year: $(VENV)/run ## Draft a survey year's fact files (YEAR=2021; NEW_VERSION=yes when questions change)
	$(BIN)/python -m pipelines.new_year --year $(YEAR) $(if $(NEW_VERSION),--new-version)

editions: $(VENV)/run ## List what is published, and whether what is kept is still it
	$(BIN)/python -m pipelines.editions list

propose: $(VENV)/run ## Show what the next edition of a year would change (YEAR=2019); nothing is written
	$(BIN)/python -m pipelines.editions propose $(YEAR)

publish: $(VENV)/run ## Publish a year as its next edition, never over one (YEAR=2019 REASON="why")
	$(BIN)/python -m pipelines.editions publish $(YEAR) --reason "$(REASON)"

verify: $(VENV)/run ## Check that every edition is as it was published
	$(BIN)/python -m pipelines.editions verify

test: $(VENV)/dev ## Everything CI checks: style, import rules, types, all tests
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(VENV)/dev ## Style, import rules and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

bench: $(VENV)/run ## Time the engine beside R's survey package, svy and samplics (BENCH=--quick)
	$(R_SURVEY)
	$(BIN)/python benchmarks/engine.py $(BENCH)

ui: $(VENV)/run ## Dagster UI and daemon on 127.0.0.1 (PORT=3000)
	$(BIN)/python -m pipelines.ui --port $(PORT)

clean: ## Remove what the pipeline made (var/); published editions and the landing folder stay
	! test -d var || find var -mindepth 1 -maxdepth 1 ! -name editions -exec rm -rf {} +

pin: ## Write constraints.txt anew after a change of dependencies
	rm -rf .pin && $(PYTHON) -m venv .pin && .pin/bin/pip install -q -e '.[dev]'
	.pin/bin/pip freeze --exclude-editable | grep -E '^[A-Za-z0-9_.-]+==' > constraints.txt
	rm -rf .pin

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/dev: $(VENV)/run
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq chromium)
	$(R_SURVEY)
	touch $@
