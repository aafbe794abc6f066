# `make help` lists what can be done here. Python 3.11 or newer with venv, and make, are all it needs.

PYTHON ?= python3
# A further argument or two for pytest: make test ARGS="-k archive"
ARGS ?=
# make bench SMOKE=yes only shows that it runs; ONLY="near far" measures some groups of its rows.
SMOKE ?=
ONLY ?=

IN_VENV := .venv/bin/python
# Tests of one module may need a server for themselves, so one process runs them in turn. The order
# stays as given: what takes longest comes first, not the module with the most tests.
BY_MODULE := $(IN_VENV) -m pytest -n 2 --dist loadscope --no-loadscope-reorder
# Of the fault harness `make test` runs what takes seconds, `make test-services` the rest.
LONG_FAULTS := $(patsubst %,tests/faults/test_%.py,connections databases stops weakness)
# It looks at five pages several times each, and wants a machine with nothing else to do.
LIGHTHOUSE := tests/browser/test_lighthouse.py
# They take servers away, so nothing that needs these may run beside them.
RESTARTS := tests/services/test_restarts.py
SETUP = command -v "$(PYTHON)" >/dev/null || { \
	echo "There is no $(PYTHON) here: install Python 3.11 or newer, or name one: make run PYTHON=python3.13" >&2; exit 1; }; \
	"$(PYTHON)" scripts/setup.py
# What follows it finds the servers of scripts/services, which end with it.
WITH_SERVICES = scripts/services start || exit 1; \
	trap 'scripts/services stop' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM; \
	services=$$(scripts/services env) && eval "$$services" &&

# Either one would lead the interpreter in .venv to another installation's modules.
unexport PYTHONHOME PYTHONPATH

.PHONY: help run test test-faults setup check test-services lighthouse bench words lock

help: ## This list
	@sed -n 's/^\([a-z][a-z-]*\):.* ## \(.*\)/  make \1|\2/p' Makefile | awk -F '|' '{ printf "%-22s %s\n", $$1, $$2 }'
	@echo "  PYTHON=python3.13 chooses another interpreter, PORT=8010 another port."

run: ## Everything on http://127.0.0.1:8000: pages, desk, clock, mailbox; Ctrl-C ends it
	@$(SETUP) requirements.lock
	@exec $(IN_VENV) -m scripts.run

test: ## All tests that need no other server
	@$(SETUP) requirements-dev.lock
	@$(IN_VENV) -m pytest -n 2 --dist loadgroup tests --ignore=tests/services --ignore=tests/browser $(LONG_FAULTS:%=--ignore=%) $(ARGS)

test-faults: ## The fault harness with 200 kills; FAULT_SEED=123456 throws the same dice again
	@$(SETUP) requirements-dev.lock
	@FAULT_KILLS=$${FAULT_KILLS:-200} $(IN_VENV) -m pytest -n 2 tests/faults $(ARGS)

setup: ## .venv and the locked dependencies, no more
	@$(SETUP) requirements.lock

check: ## Format, lint, types, import directions, locks
	@$(SETUP) requirements-dev.lock
	$(IN_VENV) -m ruff format --check .
	$(IN_VENV) -m ruff check .
	$(IN_VENV) -m mypy --strict newsletter config.py wsgi.py worker.py scripts benchmarks
	$(IN_VENV) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	$(IN_VENV) scripts/locks.py check

test-services: ## Tests against PostgreSQL and RabbitMQ and in Chromium; scripts/services installs them (as root)
	@$(SETUP) requirements-services.lock
	@scripts/services install
	@$(WITH_SERVICES) failed=0; \
		$(BY_MODULE) tests/browser tests/services --ignore=$(RESTARTS) --ignore=$(LIGHTHOUSE) $(ARGS) || failed=1; \
		$(IN_VENV) -m pytest $(LIGHTHOUSE) $(ARGS) || failed=1; \
		$(BY_MODULE) $(RESTARTS) $(LONG_FAULTS) $(ARGS) || failed=1; \
		exit $$failed

lighthouse: ## Readers' pages as Lighthouse sees them: 100 of 100, or why not (minutes)
	@$(SETUP) requirements-services.lock
	@scripts/services install
	@$(WITH_SERVICES) $(IN_VENV) -m pytest $(LIGHTHOUSE) $(ARGS)

bench: ## How fast it sends, against smtp-source, smtplib and Flask-Mail (half an hour)
	@$(SETUP) requirements.lock
	@scripts/services install servers
	@$(WITH_SERVICES) $(IN_VENV) -m benchmarks $(if $(SMOKE),--smoke) $(if $(ONLY),--only $(ONLY))

words: ## Catalogues of our fixed words: adds what code and templates say now
	@$(SETUP) requirements-dev.lock
	@$(IN_VENV) -m scripts.translations

lock: ## Newer versions into all lock files (UPGRADE=no: only what the .in files changed)
	@"$(PYTHON)" scripts/locks.py write $(UPGRADE)
