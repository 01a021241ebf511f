# `make up`, `make demo` and `make test` set up all that they need; what is done already is skipped.
# PYTHON=python3.12 chooses another interpreter, UP="--port 5566" passes options to the harness.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
AUDIT := build/audit
MODEL := build/model.tar.gz
MODEL_INT8 := build/model-int8.tar.gz
PHOTOGRAPHS := build/photographs
UP ?=
TEST ?=
UPGRADE ?=

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# One line that changes, in place of pip's hundreds; on failure, all that pip said on standard error.
define install
	@mkdir -p build
	@$(1)/bin/python -m pip install --disable-pip-version-check $(2) 2> build/install.log \
		| while IFS= read -r line; do [ -t 1 ] && printf '\r\033[K%.78s' "$$line"; done; \
		status=$${PIPESTATUS[0]}; [ -t 1 ] && printf '\r\033[K'; \
		[ $$status -eq 0 ] || { cat build/install.log; exit $$status; }
endef

# Versions and hashes for every platform and for Python 3.11 and newer, from requirements*.txt and locks/*.in. PyTorch is
# the exception: which build it is depends on the machine, and pytorch.org's have other hashes than PyPI's.
define lock
	@echo "locking $(1)"
	@$(AUDIT)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-package torch --no-emit-package torchvision --excludes locks/excludes.txt \
		$(UPGRADE) --output-file $(1) $(2) > /dev/null
endef

# One after the other, because they share the cores. What one of them finds too slow fails the target at the end, when
# all have run. Ctrl-C ends all.
define measure
	@trap 'exit 130' INT; failed=; \
		for name in $(1); do $(PY) -m bench.$$name || failed+=" bench.$$name"; done; \
		[ -z "$$failed" ] || { echo "not within limits, or not run:$$failed"; exit 1; }
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
	@$(PY) -m pytest --numprocesses 5 $(TEST) # many tests wait, for what takes its time

.PHONY: test-compose
test-compose: TEST := $(or $(TEST),tests/compose tests/integration tests/e2e/test_page.py::test_answers_for_a_sample)
test-compose: $(VENV)/.dev $(MODEL) browser ## Build the images, and run the tests of a running stack against containers
	@docker compose version >/dev/null 2>&1 || { echo "Docker with its compose plugin is needed. Install it, and start it."; exit 1; }
	@docker version >/dev/null || exit 1
	@$(PY) -m pytest --stack=compose --numprocesses 3 $(TEST)

.PHONY: lint
lint: $(VENV)/.dev ## Check style, types and security rules
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy .
	@$(PY) -m bandit --quiet --configfile pyproject.toml --recursive .

.PHONY: bench
bench: $(VENV)/.dev $(MODEL) $(MODEL_INT8) ## Run all benchmarks but soak (half an hour) and bench-compose (Docker), and write docs/benchmarks again
	$(call measure,preprocessing serving function startup chain load overload scaling)

.PHONY: load
load: $(VENV)/.dev $(MODEL) ## Load the stack with visitors, then overload it
	$(call measure,load overload)

.PHONY: soak
soak: $(VENV)/.dev $(MODEL) ## Let the stack work for half an hour, and look for what drifts
	$(call measure,soak)

.PHONY: faults
faults: $(VENV)/.dev $(MODEL) ## Break every part of a running stack, and write what was seen into docs/reliability.md
	@$(PY) -m tests.faults

.PHONY: bench-compose
bench-compose: $(VENV)/.dev $(MODEL) ## Measure the stack in containers
	@$(PY) -m bench.compose

.PHONY: model
model: $(MODEL) ## Package the sample model as build/model.tar.gz

.PHONY: optimize
optimize: $(MODEL_INT8) ## Make the sample model compute in 8-bit integers: build/model-int8.tar.gz

.PHONY: train
train: $(VENV)/.dev ## Train the sample model again (20 minutes) and evaluate it
	@$(PY) -m model_server.sample_model.train --output model_server/sample_model/model.pth
	@$(PY) -m model_server.sample_model.evaluate --checkpoint model_server/sample_model/model.pth --output docs/model

.PHONY: screenshots
screenshots: $(VENV)/.dev $(MODEL) browser ## Take the pictures in docs/screenshots again
	@$(PY) -m tests.e2e.screenshots

.PHONY: lighthouse
lighthouse: $(VENV)/.dev $(MODEL) browser ## Audit the page with Lighthouse (needs Node.js)
	@$(PY) -m tests.e2e.lighthouse

.PHONY: lock
lock: $(AUDIT)/.installed ## Write the versions and hashes of all dependencies again (UPGRADE=--upgrade: newer)
	$(call lock,locks/dev.txt,requirements-dev.txt)
	$(call lock,locks/runtime.txt,requirements.txt --constraints locks/dev.txt)
	$(call lock,locks/emulator.txt,locks/emulator.in --constraints locks/dev.txt)
	$(call lock,locks/container.txt,locks/container.in --constraints locks/dev.txt --constraints requirements.txt)
	$(call lock,locks/openvino.txt,locks/openvino.in --constraints locks/dev.txt)
	$(call lock,locks/sagemaker.txt,locks/sagemaker.in --constraints locks/dev.txt --constraints requirements.txt)
	$(call lock,locks/deploy.txt,locks/deploy.in --constraints locks/dev.txt)
	$(call lock,package/requirements.txt,locks/package.in --constraints locks/dev.txt)
	$(call lock,policy/requirements.txt,locks/policy.in --constraints locks/dev.txt)
	$(call lock,locks/audit.txt,locks/audit.in --constraints locks/dev.txt)

# --strict: a package that the service does not know is no package without findings.
.PHONY: audit-dependencies
audit-dependencies: $(AUDIT)/.installed ## Look all dependencies up among the known vulnerabilities (needs PyPI)
	@$(AUDIT)/bin/pip-audit --strict --disable-pip --no-deps --progress-spinner off \
		-r locks/dev.txt -r locks/audit.txt -r <(grep -E '^torch(vision)?==' requirements.txt) \
		$$(sed -nE 's/^([A-Z]+-[^ ]+).*/--ignore-vuln \1/p' locks/findings.txt)

# What is locked, and PyTorch: the same list on every machine. NVIDIA's libraries, which its CUDA build brings along, are
# under NVIDIA's own terms.
.PHONY: licenses
licenses: $(VENV)/.dev ## List the dependencies' licences in docs/licenses.md; one that pyproject.toml does not allow is an error
	@$(VENV)/bin/pip-licenses --output-file build/licenses.md \
		--packages torch torchvision $$(sed -nE 's/^([a-z0-9-]+)==.*/\1/p' locks/dev.txt) > build/licenses.log \
		|| { cat build/licenses.log; exit 1; }
	@{ echo "Licences of all that \`make test\` installs, those of the tests included. Written by \`make licenses\`."; \
		echo; sed 's/+cpu/    /' build/licenses.md; } > docs/licenses.md

.PHONY: sbom
sbom: $(AUDIT)/.installed ## Write build/sbom.json: all that the runtime consists of (CycloneDX)
	@cat locks/runtime.txt <(grep -E '^torch(vision)?==' requirements.txt) \
		| $(AUDIT)/bin/cyclonedx-py requirements --output-reproducible --validate --output-file build/sbom.json -
	@echo build/sbom.json

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

$(MODEL_INT8): $(MODEL) model_server/optimize.py model_server/quantization.py model_server/quantized_engine.py
	@$(PY) -m model_server.sample_model.photographs --output $(PHOTOGRAPHS)
	@$(PY) -m model_server.optimize --artifact $(MODEL) --calibration $(PHOTOGRAPHS)/calibration \
		--held-out $(PHOTOGRAPHS)/held-out --output $@

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is older than Python 3.11. Name a newer one: make PYTHON=python3.12 ..."; exit 1; }
	@echo "creating the virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.runtime: requirements.txt locks/runtime.txt | $(VENV)/bin/python
	@echo "installing dependencies"
	$(call install,$(VENV),--require-hashes -r locks/runtime.txt)
	$(call install,$(VENV),torch torchvision -c requirements.txt)
	@touch $@

$(VENV)/.dev: locks/dev.txt | $(VENV)/.runtime
	@echo "installing dependencies of the tests"
	$(call install,$(VENV),--require-hashes -r locks/dev.txt)
	@touch $@

$(AUDIT)/.installed: locks/audit.txt
	@echo "installing what looks at the dependencies"
	@$(PYTHON) -m venv $(AUDIT)
	$(call install,$(AUDIT),--require-hashes -r locks/audit.txt)
	@touch $@
