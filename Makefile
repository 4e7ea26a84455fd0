# Everything a user or a developer does here is one of these. `make` alone lists them.
# Each sets up .venv by itself from the lock files; PYTHON=python3.12 chooses the interpreter.

PYTHON ?=
HERE := $(CURDIR)/.venv/bin
# Any Python can run the set-up: it finds one that fits, or says what to install.
SET_UP := $(or $(firstword $(wildcard $(HERE)/python) $(shell command -v python3 || command -v python3.13 || command -v python3.12 || command -v python3.11)),python3)

.DEFAULT_GOAL := help
.PHONY: help demo test check bench format lock wheel specs clean runtime dev

help:  ## list what make can do
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

demo: runtime  ## watch a partner call a bank through Ringfence, and thirteen attacks fail
	@$(HERE)/ringfence demo

test: dev  ## run every test
	@$(HERE)/python -m pytest

check: dev  ## format, lint, types, layers, sizes, mirrored tests, specification index, licences
	@$(HERE)/python -m tools.check

bench: dev  ## measure calls against Envoy alone, overload, keys, fields, the audit log, detection, and what attacks cost others; write bench/results/
	@$(HERE)/python -m bench.run
	@$(HERE)/python -m bench.cedar
	@$(HERE)/python -m bench.keys
	@$(HERE)/python -m bench.protect
	@$(HERE)/python -m bench.audit
	@$(HERE)/python -m bench.anomaly
	@$(HERE)/python -m bench.together
	@$(HERE)/python -m bench.attacks

format: dev  ## put every file into the one form, and docs/specs.md up to date
	@$(HERE)/ruff format .
	@$(HERE)/ruff check --fix-only --quiet .
	@$(HERE)/python -m tools.specs
	@$(HERE)/python -m tools.errors

specs: dev  ## write docs/specs.md and docs/errors.md from the code
	@$(HERE)/python -m tools.specs
	@$(HERE)/python -m tools.errors

lock:  ## resolve the dependencies anew into requirements/*.txt, with hashes
	@$(SET_UP) tools/lock.py

wheel: dev  ## build the wheel and the source archive into dist/
	@$(HERE)/python -m build --no-isolation

clean:  ## remove what make made
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

runtime dev:
	@command -v $(SET_UP) >/dev/null 2>&1 || { echo "Ringfence needs Python 3.11, 3.12 or 3.13, and there is no python3 here. Debian, Ubuntu: sudo apt-get install python3 python3-venv" >&2; exit 1; }
	@$(SET_UP) tools/environment.py $@ $(if $(PYTHON),--python $(PYTHON))
