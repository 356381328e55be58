# Keystead: every command a person or CI runs. `make help` lists them.

PYTHON ?= python3
BIN := .venv/bin
# Flags for `keystead serve`, for pytest (`make test ARGS='-k story'`), for benchmarks.
ARGS ?=
# MODEL=0 leaves the embedded models out, some 230 MB to load.
MODEL ?= 1
JOBS ?= 2
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(ARGS)

# Run each of the benchmarks' programs of that name; the first that fails ends it.
ONLY ?= *
programs = set -e; for each in $(wildcard benchmarks/$(ONLY)/$(1)); do echo "== $$each"; $(BIN)/python $$each; done

.DEFAULT_GOAL := help
.PHONY: help serve test unit long check format bench lock clean

help: ## Say what every command is for
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
		printf '  make %-8s %s\n' "$$name" "$$text"; done
	@echo
	@echo "  ARGS= goes to the command behind it: make serve ARGS='--port 9000', make test ARGS='-k story'."

serve: ## Install Keystead with its small models and run it with its data in .keystead (MODEL=0: without them)
	@$(PYTHON) scripts/setup.py $(if $(filter 0 no false,$(MODEL)),run,model)
	@exec $(BIN)/keystead serve --data-dir .keystead $(ARGS)

test: ## Install what tests need and run everything but the long runs, as CI does
	@$(PYTHON) scripts/setup.py test
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m pytest -n $(JOBS) -m "not long" $(ARGS)

unit: ## Run the tests that start no server and no database; under a minute
	@$(PYTHON) scripts/setup.py test
	@$(BIN)/python -m pytest -n $(JOBS) -m "not long and not service" $(ARGS)

long: ## Run the long tests and the long benchmarks, benchmarks/*/long.py; an hour or more
	@$(PYTHON) scripts/setup.py test
	@$(BIN)/python -m pytest -m long --timeout 7200 $(ARGS) || [ $$? -eq 5 ]  # 5: no long test is there yet
	@$(call programs,long.py)

bench: ## Run the short benchmarks, benchmarks/*/bench.py, and print their tables (ONLY=policy picks one)
	@$(PYTHON) scripts/setup.py test
	@$(call programs,bench.py)

check: ## Lint, formatting, import layers and types, without a test
	@$(PYTHON) scripts/setup.py test
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { $(BIN)/ruff format --check .; exit 1; }
	@said=$$($(BIN)/lint-imports --no-logo 2>&1) || { echo "$$said"; exit 1; }
	@$(BIN)/mypy --no-error-summary

format: ## Mend formatting and what ruff can mend by itself
	@$(PYTHON) scripts/setup.py test
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: ## Pin again, with hashes, what requirements/*.in and pyproject.toml ask for (ARGS=--upgrade: the newest)
	@$(PYTHON) scripts/setup.py run
	@test -x $(BIN)/uv || $(BIN)/python -m pip --disable-pip-version-check install -qq uv
	@$(COMPILE) pyproject.toml requirements/run.in -o requirements/run.txt
	@$(COMPILE) requirements/build.in -o requirements/build.txt
	@$(COMPILE) requirements/test.in -o requirements/test.txt
	@$(COMPILE) requirements/prowler.in -o requirements/prowler.txt
	@$(COMPILE) --no-deps requirements/model.in -o requirements/model.txt
	@$(COMPILE) requirements/embeddings.in -o requirements/embeddings.txt

clean: ## Remove .venv, caches and Node modules; data in .keystead stays
	rm -rf .venv tests/journeys/node/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
