# `make up`, `make demo` and `make test` set up all that they need; what is done already is skipped.
# PYTHON=python3.12 chooses another interpreter, UP="--port 5566" passes options to the harness.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
MODEL := build/model.tar.gz
UP ?=
TEST ?=

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# One line that changes, in place of pip's hundreds; on failure, all that pip said on standard error.
define install
	@mkdir -p build
	@$(PY) -m pip install --disable-pip-version-check -r $(1) -c constraints.txt 2> build/install.log \
		| while IFS= read -r line; do [ -t 1 ] && printf '\r\033[K%.78s' "$$line"; done; \
		status=$${PIPESTATUS[0]}; [ -t 1 ] && printf '\r\033[K'; \
		[ $$status -eq 0 ] || { cat build/install.log; exit $$status; }
	@touch $@
endef

.PHONY: help
help: ## Show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

.PHONY: up
up: $(VENV)/.runtime $(MODEL) ## Run the whole stack on this machine until Ctrl-C
	@$(PY) -m harness up $(UP)

.PHONY: demo
demo: $(VENV)/.runtime $(MODEL) ## Run it, ask about five images, stop
	@$(PY) -m harness demo $(UP)

.PHONY: test
test: $(VENV)/.dev $(MODEL) browser ## Run all tests (TEST="tests/unit -k name" for some)
	@$(PY) -m pytest --numprocesses 3 --dist loadfile $(TEST) # most tests wait more than they work

.PHONY: test-compose
test-compose: TEST := $(or $(TEST),tests/compose tests/integration tests/e2e/test_page.py::test_answers_for_a_sample)
test-compose: $(VENV)/.dev $(MODEL) browser ## Build the images, and run the tests of a running stack against containers
	@docker compose version >/dev/null 2>&1 || { echo "Docker with its compose plugin is needed. Install it, and start it."; exit 1; }
	@docker version >/dev/null || exit 1
	@$(PY) -m pytest --stack=compose --numprocesses 3 $(TEST)

.PHONY: lint
lint: $(VENV)/.dev ## Check style and types
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy .

.PHONY: bench
bench: $(VENV)/.dev $(MODEL) ## Run the benchmarks
	@$(PY) -m bench.startup
	@$(PY) -m bench.chain

.PHONY: bench-compose
bench-compose: $(VENV)/.dev $(MODEL) ## Measure the stack in containers
	@$(PY) -m bench.compose

.PHONY: model
model: $(MODEL) ## Package the sample model as build/model.tar.gz

.PHONY: train
train: $(VENV)/.dev ## Train the sample model again (20 minutes) and evaluate it
	@$(PY) -m model_server.sample_model.train --output model_server/sample_model/model.pth
	@$(PY) -m model_server.sample_model.evaluate --checkpoint model_server/sample_model/model.pth --output docs/model

.PHONY: screenshots
screenshots: $(VENV)/.dev $(MODEL) browser ## Take the pictures in docs/screenshots again
	@$(PY) -m tests.e2e.screenshots

.PHONY: audit
audit: $(VENV)/.dev $(MODEL) browser ## Audit the page with Lighthouse (needs Node.js)
	@$(PY) -m tests.e2e.audit

.PHONY: browser
browser: $(VENV)/.dev
	@tests/e2e/install-browser $(PY)

.PHONY: clean
clean: ## Remove everything that was made here
	@rm -rf $(VENV) build .harness

$(MODEL): model_server/sample_model/model.pth model_server/sample_model/package model_server/package.py \
		$(wildcard model_server/artifact/*.py) handlers/predict/guarded_fetch.py | $(VENV)/.runtime
	@echo "packaging the sample model"
	@mkdir -p $(@D)
	@model_server/sample_model/package $(PY) $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is older than Python 3.11. Name a newer one: make PYTHON=python3.12 ..."; exit 1; }
	@echo "creating the virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.runtime: requirements.txt constraints.txt | $(VENV)/bin/python
	@echo "installing dependencies"
	$(call install,requirements.txt)

$(VENV)/.dev: requirements-dev.txt constraints.txt | $(VENV)/.runtime
	@echo "installing dependencies of the tests"
	$(call install,requirements-dev.txt)
