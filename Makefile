# The commands of this project; `make help` lists them. State is in .local/, dependencies in .venv/.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
STACK ?= local
SERVICE ?=
TESTS ?= tests

# GATEWAY_PORT, AWS_PORT, POSTGRES_PORT, RABBITMQ_PORT, RABBITMQ_MANAGEMENT_PORT, RABBITMQ_DIST_PORT, EPMD_PORT,
# LOCAL_DIR and REQUEUE go to the commands as they are, from the environment or from make's own arguments.
RUN := PYTHONPATH=local .venv/bin/python -m
SYSTEM := @$(RUN) system

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: .venv
.venv: # always asked; does nothing when requirements.lock has not changed
	@$(PYTHON) local/system/virtualenv.py

.PHONY: up
up: .venv ## install what is missing, boot the whole system, print its URLs
	$(SYSTEM) up

.PHONY: down
down: ## stop everything
	@test ! -x .venv/bin/python || $(RUN) system down

.PHONY: status
status: .venv ## what runs, where; fails unless all is healthy
	$(SYSTEM) status

.PHONY: stop
stop: .venv ## stop one part: SERVICE=rabbitmq, postgres, emulator or gateway
	$(SYSTEM) stop "$(SERVICE)"

.PHONY: start
start: .venv ## start one part: SERVICE=rabbitmq, postgres, emulator or gateway
	$(SYSTEM) start "$(SERVICE)"

.PHONY: logs
logs: .venv ## follow the functions' logs
	$(SYSTEM) logs

.PHONY: clean
clean: ## stop everything and forget all local state
	@test ! -x .venv/bin/python || $(RUN) system clean

.PHONY: order
order: .venv ## post one order and watch it become an invoice
	$(SYSTEM) order

.PHONY: psql
psql: .venv ## a shell in the database
	$(SYSTEM) psql

.PHONY: plan
plan: .venv ## evaluate infra/ into .local/plan.json; STACK=dev or prod for the plan as deployed
	@$(RUN) plan --stack "$(STACK)" --out .local/plan.json

.PHONY: test
test: .venv ## the test suite, on services of its own; TESTS=path for a part
	@$(RUN) system install || echo "going on without RabbitMQ: what needs it is skipped, or fails where CI=true"
	@.venv/bin/python -m pytest $(TESTS)

.PHONY: check
check: .venv ## lint, format, types
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy

.PHONY: bench
bench: .venv ## the benchmarks: a table, and JSON in .local/bench/
	@$(RUN) bench

.PHONY: lock
lock: .venv ## resolve pyproject.toml's groups into requirements.lock
	@$(PYTHON) -m venv .local/lock
	@.local/lock/bin/python -m pip install --quiet uv
	@.local/lock/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --group dev \
		--python-version 3.11 --output-file requirements.lock
