# The commands of this project; `make help` lists them. State is in .local/, dependencies in .venv/.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Without bytecode every process would compile the provider's SDK anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
STACK ?= local
SERVICE ?=
FUNCTION ?=
URL ?=
KEY ?=
TIMEOUT ?=
ID ?=
ALL ?=
NAME ?=
LIMIT ?=
CUSTOMER ?=
ISSUE ?=
REVOKE ?=
ORDER ?=
AMOUNT ?=
PAYMENT ?=
INVOICE ?=
IDEMPOTENCY_KEY ?=
SIDE ?=
PID ?=
END ?=
TESTS ?= tests local/region/tests
SAM_HOST ?= host.docker.internal
RUNTIME_PYTHON ?=
SECONDS ?= 300
SEED ?=

# GATEWAY_PORT, GATEWAY_ADMIN_PORT, AWS_PORT, CONSOLE_PORT, POSTGRES_PORT, RABBITMQ_PORT, RABBITMQ_MANAGEMENT_PORT, RABBITMQ_DIST_PORT,
# EPMD_PORT, DEBUG_PORT, LOCAL_DIR, REQUEUE and OTEL_EXPORTER_OTLP_TIMEOUT go to the commands as they are, from the
# environment or from make's own arguments.
# What the commands import is said once, in pyproject.toml's [tool.localregion].
REGION := PYTHONPATH=local/region .venv/bin/python -m localregion

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: .venv
.venv: # always asked; does nothing when requirements.lock has not changed
	@$(PYTHON) local/region/localregion/services/virtualenv.py

.PHONY: up
up: .venv ## install what is missing, boot the whole system, print its URLs
	@$(REGION) up

.PHONY: region
region: .venv ## boot an empty region, for `pulumi up --stack laptop`, Terraform or boto3 to deploy into
	@$(REGION) region

.PHONY: down
down: ## stop everything
	@test ! -f .venv/installed || $(REGION) down

.PHONY: status
status: .venv ## what runs, where; fails unless all is healthy
	@$(REGION) status

.PHONY: stop
stop: .venv ## stop one part: SERVICE=rabbitmq, postgres, emulator, gateway or console
	@$(REGION) stop "$(SERVICE)"

.PHONY: start
start: .venv ## start one part: SERVICE=rabbitmq, postgres, emulator, gateway or console
	@$(REGION) start "$(SERVICE)"

.PHONY: logs
logs: .venv ## follow the functions' logs
	@$(REGION) logs

.PHONY: debug
debug: .venv ## let an editor attach to a function: FUNCTION=create_order; Ctrl-C ends it
	@$(REGION) debug "$(FUNCTION)"

.PHONY: clean
clean: ## stop everything and forget all local state, and what package built
	@test ! -f .venv/installed || $(REGION) clean
	@rm -rf dist

.PHONY: order
order: .venv ## post one order, watch it become an invoice, pay it, show its trace
	@$(REGION) order

.PHONY: pay
pay: .venv ## pay an order's invoice by a provider's webhook: ORDER=…; AMOUNT=… and PAYMENT=… for a part
	@$(REGION) pay --order="$(ORDER)" --amount="$(AMOUNT)" --payment="$(PAYMENT)"

.PHONY: smoke
smoke: ## check any deployment from outside, cancel what it ordered: URL=… KEY=…; TIMEOUT=… seconds for the invoice
	@KEY="$(KEY)" PYTHONPATH=local $(PYTHON) -m orders.smoke "$(URL)" $(if $(TIMEOUT),--timeout "$(TIMEOUT)")

.PHONY: psql
psql: .venv ## a shell in the database
	@$(REGION) psql

.PHONY: parked
parked: .venv ## parked messages with their reason; ID=… for one of them whole
	@$(REGION) parked --id="$(ID)"

.PHONY: replay
replay: .venv ## replay parked messages through the outbox: ID=… for one, ALL=1 for all that wait
	@$(REGION) replay --id="$(ID)" $(if $(filter-out 0 false,$(ALL)),--all)

.PHONY: dismiss
dismiss: .venv ## let a parked message wait no longer: ID=…
	@$(REGION) dismiss --id="$(ID)"

.PHONY: outbox
outbox: .venv ## events that wait for the broker, with their last error; ID=… for one of them whole
	@$(REGION) outbox --id="$(ID)"

.PHONY: postpone
postpone: .venv ## have the relay leave a row of the outbox alone for an hour: ID=…
	@$(REGION) postpone --id="$(ID)"

.PHONY: remove
remove: .venv ## take a row out of the outbox for good and show what it was: ID=…
	@$(REGION) remove --id="$(ID)"

.PHONY: unmatched
unmatched: .venv ## payments and refunds that fit no invoice, with the reason; ID=… for one of them whole
	@$(REGION) unmatched --id="$(ID)"

.PHONY: dismiss-unmatched
dismiss-unmatched: .venv ## let an unmatched payment wait no longer: ID=…
	@$(REGION) dismiss-unmatched --id="$(ID)"

.PHONY: erase
erase: .venv ## a pseudonym for one customer's orders and invoices, everything else of it deleted: CUSTOMER=…
	@$(REGION) erase --customer="$(CUSTOMER)"

.PHONY: show
show: .venv ## one order with everything that belongs to it: ORDER=…, or INVOICE=… by id or number
	@$(REGION) show --order="$(ORDER)" --invoice="$(INVOICE)"

.PHONY: match
match: .venv ## an unmatched payment for the invoice that was meant: ID=… INVOICE=…; a refund: ID=… alone
	@$(REGION) match --id="$(ID)" --invoice="$(INVOICE)"

.PHONY: reemit
reemit: .venv ## tell again what one side has not heard of an order and nothing holds any more: ORDER=…
	@$(REGION) reemit --order="$(ORDER)"

.PHONY: free-key
free-key: .venv ## forget what a customer's idempotency key was answered: CUSTOMER=… IDEMPOTENCY_KEY=…
	@$(REGION) free-key --customer="$(CUSTOMER)" --key="$(IDEMPOTENCY_KEY)"

.PHONY: forget-attempts
forget-attempts: .venv ## forget what is noted of redelivered messages: SIDE=orders or invoices
	@$(REGION) forget-attempts --side="$(SIDE)"

.PHONY: activity
activity: .venv ## what the database does: sessions, the longest transactions, who waits for whom
	@$(REGION) activity

.PHONY: cancel-statement
cancel-statement: .venv ## cancel what a session of the database runs: PID=…; END=1 ends the session
	@$(REGION) cancel-statement --pid="$(PID)" $(if $(filter-out 0 false,$(END)),--end)

.PHONY: customer
customer: .venv ## add a customer and show its key once, on the last line: NAME=…; LIMIT=… requests a second
	@$(REGION) customer --name="$(NAME)" --limit="$(LIMIT)"

.PHONY: customers
customers: .venv ## who may call the API
	@$(REGION) customers

.PHONY: keys
keys: .venv ## a customer's keys: CUSTOMER=…; ISSUE=1 for one more, REVOKE=id to take one away
	@$(REGION) keys --customer="$(CUSTOMER)" --revoke="$(REVOKE)" $(if $(filter-out 0 false,$(ISSUE)),--issue)

.PHONY: suspend
suspend: .venv ## refuse all keys of a customer: CUSTOMER=…
	@$(REGION) suspend --customer="$(CUSTOMER)"

.PHONY: resume
resume: .venv ## take the keys of a suspended customer again: CUSTOMER=…
	@$(REGION) resume --customer="$(CUSTOMER)"

.PHONY: audit
audit: .venv ## orders without invoice, payments that do not add up and the like; fails when there are any
	@$(REGION) audit

.PHONY: plan
plan: .venv ## evaluate infra/ into .local/plan.json; STACK=dev or prod for the plan as deployed
	@$(REGION) plan --stack "$(STACK)" --out .local/plan.json

.PHONY: package
package: .venv ## the archives that Lambda gets, in dist/; RUNTIME_PYTHON=python3.13 compiles them, too; STACK=laptop for this machine
	@$(REGION) plan --if-changed --stack $(or $(filter laptop,$(STACK)),dev) --out .local/package/plan.json
	@$(REGION) package --plan .local/package/plan.json \
		$(if $(filter laptop,$(STACK)),--platform this) $(if $(RUNTIME_PYTHON),--runtime-python "$(RUNTIME_PYTHON)")

.PHONY: sam
sam: .venv ## a SAM template of the plan in .local/sam/, for `sam local invoke`; STACK=…
	@$(REGION) plan --stack "$(STACK)" --out .local/sam/plan.json --if-changed
	@$(REGION) sam --plan .local/sam/plan.json --host "$(SAM_HOST)"

.PHONY: test
test: .venv ## the test suite, on services of its own; TESTS=path for a part
	@$(REGION) install || echo "going on without RabbitMQ: what needs it is skipped, or fails where CI=true"
	@.venv/bin/python tests/side_by_side.py $(TESTS)

.PHONY: check
check: .venv ## lint, format, types
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@MYPYPATH=$$($(REGION) import-path) .venv/bin/mypy

.PHONY: chaos
chaos: .venv ## break a system of its own for SECONDS=… by SEED=…, then check every record
	@$(REGION) install
	@$(REGION) chaos --seconds "$(SECONDS)" $(if $(SEED),--seed "$(SEED)")

.PHONY: soak
soak: .venv ## steady load for SECONDS=…; fails when anything grows, is lost or doubled
	@$(REGION) install
	@$(REGION) soak --seconds "$(SECONDS)"

.PHONY: openapi
openapi: .venv ## write the OpenAPI description that is served
	@$(REGION) openapi

.PHONY: bench
bench: .venv ## the benchmarks: a table, and JSON in .local/bench/
	@$(REGION) bench

.PHONY: figures
figures: .venv ## write the table of docs/figures.md anew from the last run of the benchmarks; RUN=file for another
	@PYTHONPATH=$$($(REGION) import-path) .venv/bin/python -m proof.bench.page

.PHONY: costs
costs: .venv ## write the tables of docs/costs.md anew from the plans of dev and prod
	@PYTHONPATH=$$($(REGION) import-path) .venv/bin/python -m proof.costs

.PHONY: lock
lock: .venv ## resolve pyproject.toml's groups and the platform's needs into requirements.lock
	@PYTHONPATH=local/region .venv/bin/python -m localregion.package.uv pip compile --quiet --universal --generate-hashes \
		--no-emit-index-url --no-header --group pyproject.toml:dev --extra testing --python-version 3.11 \
		--output-file requirements.lock local/region/pyproject.toml
