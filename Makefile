# `make` alone lists what there is. Everything runs in .venv; nothing is installed outside it but the browser for tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.run-installed
DEV := $(VENV)/.dev-installed

.DEFAULT_GOAL := help
.PHONY: help run test e2e clients lint bench shots demo strings clean

help: ## list these targets
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(RUN): requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tuneboard needs Python 3.11 or newer; this is " + sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt
	touch $@

$(DEV): $(RUN) requirements-dev.txt
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements-dev.txt
	touch $@

run: $(RUN) ## open the dashboard, with the embedded engine behind it
	$(BIN)/streamlit run app.py

demo: $(RUN) ## walk the whole road in the terminal, from the story sample to a story
	$(BIN)/python -m scripts.demo

lint: $(DEV) ## style, types, spelling, floors, both languages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/lint-imports
	$(BIN)/python -m scripts.strings check

test: lint ## lint, then every test, in the browser too
	bash scripts/browser.sh
	$(BIN)/python -m pytest -m "not e2e" -n 2 --dist loadfile
	$(BIN)/python -m pytest -m e2e

e2e: $(DEV) ## only the tests that drive a real browser
	bash scripts/browser.sh
	$(BIN)/python -m pytest -m e2e

clients: $(DEV) requirements-clients.txt ## other people's clients against the engine (needs npm)
	test -x .clients/py/bin/python || $(PYTHON) -m venv .clients/py
	.clients/py/bin/python -m pip install --disable-pip-version-check -r requirements-clients.txt
	npm install --prefix .clients --no-save openai@6.49.0
	$(BIN)/python -m pytest tests/clients

bench: $(DEV) ## figures beside their references, measured in the same run
	$(BIN)/python -m tests.bench

shots: $(DEV) ## take the README's screenshots from the running app
	bash scripts/browser.sh
	$(BIN)/python -m scripts.shots

strings: $(DEV) ## bring the Chinese catalogue up to date with the code
	$(BIN)/python -m scripts.strings update

clean: ## remove the virtual environment and caches (never your data)
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache build
