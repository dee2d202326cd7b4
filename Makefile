# Each target builds .venv first where it is missing or older than what it is built from.
PYTHON ?= python3
Q ?= What is 37593 * 67?
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test check format bench train clean

run: .venv/ready
	@$(BIN)/agentkit ask "$(Q)"

test: check
	@# one process a core, with one thread each
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile

check: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@# mypy reads a built copy: only there are tools/ and graphs/ agentkit.tools and agentkit.graphs
	rm -rf build/checked build/lib build/bdist.*
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --target build/checked .
	cd build/checked && ../../$(BIN)/mypy --config-file ../../pyproject.toml --cache-dir ../../.mypy_cache -p agentkit

format: .venv/ready
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: .venv/ready
	$(BIN)/python -m tests.bench

train: .venv/ready
	$(BIN)/python examples/embedded_model/train.py

clean:
	rm -rf .venv build dist *.egg-info

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt setuptools
	$(BIN)/pip install --quiet --constraint constraints.txt --no-build-isolation --editable ".[dev,quantization]"
	@touch $@
