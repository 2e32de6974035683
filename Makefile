# Everything a person does with goalcycle. `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := $(wildcard domain eventlog workflows activities api cli tests bench)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo dev test check bench soak mutate lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/run.stamp ## Watch one goal cycle run on the real servers (FILE=goals.md brings your goals, JSON=1 prints one object)
	@$(BIN)/goalcycle demo $(if $(FILE),"$(FILE)") $(if $(JSON),--json) $(ARGS)

dev: $(VENV)/run.stamp ## Run the whole stack on this machine until Ctrl-C (state stays in .goalcycle/)
	@$(BIN)/goalcycle dev $(ARGS)

test: $(VENV)/dev.stamp ## Run the tests on the real servers (ARGS="-k name" narrows)
	$(BIN)/pytest -m "not soak" -n 2 --dist loadscope $(ARGS)

check: $(VENV)/dev.stamp ## Lint, format, types, import contracts, architecture tests
	$(BIN)/ruff check $(PACKAGES)
	$(BIN)/ruff format --check $(PACKAGES)
	$(BIN)/mypy $(PACKAGES)
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/architecture

bench: $(VENV)/bench.stamp ## Measure and print the benchmark table (ARGS="--only row --seconds 2 --rounds 3" narrows)
	$(BIN)/python -m bench $(ARGS)

soak: $(VENV)/dev.stamp ## Drive random cycles against the model, then strike the real servers, for most of an hour
	GOALCYCLE_HYPOTHESIS=deep $(BIN)/pytest --timeout 3600 -m hypothesis tests/domain tests/walks tests/eventlog tests/api
	$(BIN)/pytest --timeout 3600 -m soak
	$(BIN)/python -m tests.faults $(ARGS)

mutate: $(VENV)/mutation.stamp ## Change the domain in every way and see its specifications fail (ARGS="--only domain/plan/sign*" narrows)
	$(BIN)/python -m tests.mutation $(ARGS)

lock: ## Resolve the dependencies anew into requirements/*.lock (UPGRADE=1 takes the newest)
	@test -x $(BIN)/uv || { $(PYTHON) -m venv $(VENV) && $(PIP) install uv; }
	$(BIN)/uv pip compile pyproject.toml --group dev -o requirements/dev.lock $(LOCK_OPTIONS) $(if $(UPGRADE),--upgrade)
	$(BIN)/uv pip compile pyproject.toml --group build -c requirements/dev.lock -o requirements/run.lock $(LOCK_OPTIONS) --upgrade
	$(BIN)/uv pip compile pyproject.toml --group bench -c requirements/dev.lock -o requirements/bench.lock $(LOCK_OPTIONS) --upgrade
	$(BIN)/uv pip compile pyproject.toml --group mutation -c requirements/dev.lock -o requirements/mutation.lock $(LOCK_OPTIONS) --upgrade

# No addresses in the locks: which registry serves a package is the machine's business, the hashes are ours.
LOCK_OPTIONS := --quiet --python-version 3.11 --universal --generate-hashes --no-annotate --no-header

clean: ## Remove the virtual environment and the tools' caches (.goalcycle/ stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Installed once for each lock; the stamp is the proof.
$(VENV)/run.stamp: requirements/run.lock pyproject.toml
	@$(call install,run)
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock pyproject.toml
	@$(call install,dev)
	@touch $@ $(VENV)/run.stamp

$(VENV)/bench.stamp: requirements/bench.lock pyproject.toml
	@$(call install,bench)
	@touch $@ $(VENV)/dev.stamp $(VENV)/run.stamp

$(VENV)/mutation.stamp: requirements/mutation.lock pyproject.toml
	@$(call install,mutation)
	@touch $@ $(VENV)/dev.stamp $(VENV)/run.stamp

define install
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "goalcycle needs Python 3.11 or newer (PYTHON=... names one)")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing requirements/$(1).lock into $(VENV)" >&2
	@$(PIP) install --require-hashes -r requirements/$(1).lock
	@$(PIP) install --no-deps --no-build-isolation -e .
endef
