# Set-up, demo, tests and benchmark of ticket_billing.
#
# PYTHON                the Python that makes the virtual environment (3.11)
# ODOO_PATH             an Odoo 19.0 to use instead of fetching one
# TICKET_BILLING_CACHE  where everything fetched and generated goes
# PGHOST, PGSERVICE or ODOO_RC name a PostgreSQL server; otherwise one is embedded.

PYTHON ?= python3
.DEFAULT_GOAL := help
.PHONY: help setup run test test-histories test-live bench scenarios stop clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup: ## fetch and prepare everything (the other targets do it too)
	@$(PYTHON) scripts/setup_environment.py

run: ## demo data, main job, Odoo in the browser (PORT=8069; SERVE=0 ends after the job)
	@$(PYTHON) scripts/run.py

test: ## all tests and checks
	@$(PYTHON) scripts/run_tests.py

test-histories: ## a thousand random histories of corrections and credits (ten minutes)
	@$(PYTHON) scripts/play_histories.py

test-live: ## read a real ticket system, installed on this machine (SYSTEM=znuny)
	@$(PYTHON) scripts/test_live.py $(SYSTEM)

bench: ## billing runs (INVOICES=1000; 4000 shows its memory), imports (TICKETS=5000)
	@$(PYTHON) scripts/bench.py $(if $(INVOICES),--invoices=$(INVOICES)) $(if $(TICKETS),--tickets=$(TICKETS))

scenarios: ## pricing scenarios of a file: make scenarios FILE=path
	@$(PYTHON) scripts/run_scenarios.py "$(FILE)"

stop: ## stop the served Odoo and the embedded PostgreSQL
	@$(PYTHON) scripts/stop.py

clean: ## remove the databases and everything that was fetched
	@$(PYTHON) scripts/stop.py --clean
