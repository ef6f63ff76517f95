# make run   the page on http://localhost:7860      make test  everything that must hold
# make help  all the others
# Options of a program go into ARGS, as in: make run ARGS="--port 8000"

# A Python that TensorFlow has wheels for, with venv; or say make PYTHON=/path/to/python3.12
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$p && break; done)
CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
BUNDLE ?= checkpoints/default
PY := .venv/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check

# Nothing here asks the network but pip; the tests and benches find the browser by this name.
export CHROMIUM
export GRADIO_ANALYTICS_ENABLED := False
export TF_CPP_MIN_LOG_LEVEL ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup run test lint chromium bench load fuzz study assets space lock clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

run: .venv/run.installed  ## the page, with the model that ships
	$(PY) -m app --bundle $(BUNDLE) $(ARGS)

setup: .venv/dev.installed  ## the environment with the tools for training and testing, nothing else

test: .venv/dev.installed chromium lint  ## ruff, then all tests, the browser's among them
	@$(PY) -m pytest $(ARGS)

lint: .venv/dev.installed  ## ruff alone
	@$(PY) -m ruff check .

chromium:
	@test -n "$(CHROMIUM)" || { echo "The browser tests need Chromium, and none was found: install it" \
	"(Debian, Ubuntu: apt-get install chromium) or say make $(MAKECMDGOALS) CHROMIUM=/path/to/chromium." >&2; exit 1; }

bench: .venv/dev.installed chromium  ## one slider tick, the networks' limit and runtimes; with DATA=CELEBA_DIR (PORTRAITS=DIR) refining and photo mode
	$(PY) -m benchmarks.tick --bundle $(BUNDLE) $(ARGS)
	$(PY) -m benchmarks.limit --bundle $(BUNDLE)
	$(PY) -m benchmarks.runtimes --bundle $(BUNDLE)
	$(if $(DATA),$(PY) -m benchmarks.refine --bundle $(BUNDLE) --data $(DATA))
	$(if $(DATA),$(PY) -m benchmarks.photo --bundle $(BUNDLE) --data $(DATA) $(if $(PORTRAITS),--portraits $(PORTRAITS)))

load: .venv/dev.installed  ## 1, 10 and 50 visitors at once, then ten minutes of memory
	$(PY) -m benchmarks.load --bundle $(BUNDLE) $(ARGS)

fuzz: .venv/dev.installed  ## files that lie, given to the opener for some minutes
	$(PY) -m benchmarks.fuzz $(ARGS)

study: .venv/dev.installed  ## what beta does: trains four models and executes notebooks/beta.ipynb, with DATA=CELEBA_DIR
	@test -n "$(DATA)" || { echo "say make study DATA=CELEBA_DIR, and MINUTES=6 for each model" >&2; exit 1; }
	FACET_DATA=$(abspath $(DATA)) FACET_MINUTES=$(or $(MINUTES),6) .venv/bin/jupyter-execute --inplace --timeout=36000 \
		notebooks/beta.ipynb

assets: .venv/dev.installed  ## the README's pictures, from drawn faces
	$(PY) -m assets.make --bundle $(BUNDLE) $(ARGS)

space: .venv/dev.installed  ## what would be pushed to a Hugging Face Space, and whether it fits; pushes nothing
	$(PY) -m tools.space

lock:  ## resolve requirements*.txt anew and write the exact versions into *.lock
	@for kind in "" -dev; do \
		rm -rf build/lock && $(PYTHON) -m venv build/lock \
		&& build/lock/bin/pip install --quiet --disable-pip-version-check --upgrade setuptools wheel -r requirements$$kind.txt \
		&& { echo "# Exact versions of all that requirements$$kind.txt brings in. Made by \`make lock\`; do not edit." \
		&& build/lock/bin/pip freeze --all --exclude pip | sed -E \
		-e 's/^tensorflow_cpu==(.*)/tensorflow-cpu==\1 ; sys_platform == "linux" and platform_machine == "x86_64"\n&/' \
		-e 's/\ntensorflow_cpu==(.*)/\ntensorflow==\1 ; sys_platform != "linux" or platform_machine != "x86_64"/'; \
		} > requirements$$kind.lock || exit 1; done; rm -rf build/lock

clean:  ## the environment and what tests and tools leave behind
	rm -rf .venv build .pytest_cache .ruff_cache .hypothesis

# The environment is made once; a lock file that changes is installed over it, so that a training which runs from it
# is not pulled away from under its feet.
.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Facet needs Python 3.11, 3.12 or 3.13 with its venv module" \
	"(Debian, Ubuntu: apt-get install python3-venv); none was found. Or say make PYTHON=/path/to/python." >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv

.venv/run.installed: requirements.lock | .venv/bin/python
	$(PIP) -r requirements.lock
	@touch $@

.venv/dev.installed: requirements-dev.lock .venv/run.installed
	$(PIP) -r requirements-dev.lock
	@touch $@
