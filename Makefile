# make demo: a first video.  make test: the tests.  make serve: keep the server up.
# make serve CONFIG=config/voices.yaml ACCESS=open: more voices, and cloned ones; without ACCESS for holders of keys.
# make test-fast: the tests that need no torch.  make gpu: all engines, on CUDA.
# make k8s: Serve configs of k8s/overlays from config/.  make sbom: what is installed, as CycloneDX (sbom.json).
# make lock: locks/ anew, from pyproject.toml and constraints.txt.  make audit: known weaknesses of what they name (internet).
# make test-coqui: XTTS and YourTTS, in an environment of their own (9 GB).
VENV := .venv
BIN := $(VENV)/bin
COQUI_VENV := .venv-coqui
EXTRAS ?= test
CONFIG ?= config/local.yaml
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && echo $$p && break; done)
TEST_WEIGHTS := mediapipe-face-landmarker open-nsfw mobilestylegan-ffhq hibari-heart insightface-buffalo-s-parts kokoro-82m-int8 kokoro-voices resemblyzer-encoder
# Tests that need neither a server nor a cluster run two at a time, a file each: half of them wait.
# The others measure a service, which has the machine to itself.
SIDE_BY_SIDE := tests/unit tests/contract
SENTENCE := Hello! I am a face that nobody has. Give me words, or your own voice, and I will say what you want to say.

# Both run, whatever the first one finds.
define pytest
failed=0; \
$(BIN)/python -m pytest -n 2 --dist loadfile $(SIDE_BY_SIDE) $(1) || failed=1; \
$(BIN)/python -m pytest $(SIDE_BY_SIDE:%=--ignore=%) $(1) || failed=1; \
exit $$failed
endef

.PHONY: demo gpu serve test test-fast test-coqui lint weights k8s sbom lock audit clean

demo: $(VENV)/.base
	$(BIN)/avatar-serve weights fetch
	$(BIN)/avatar-serve video --text "$(SENTENCE)" --size 512x512 --out demo.mp4

gpu: $(VENV)/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt ./packaging/onnxruntime-on-gpu
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e ".[gpu,diffusion,wav2lip,insightface]"
	$(BIN)/python -m pip check
	@touch $(VENV)/.base

serve: $(VENV)/.base
	$(BIN)/avatar-serve weights fetch --config $(CONFIG)
	$(BIN)/avatar-serve serve --config $(CONFIG) $(if $(ACCESS),--access $(ACCESS))

test: $(VENV)/.$(EXTRAS)
	$(BIN)/avatar-serve weights fetch $(TEST_WEIGHTS)
	$(call pytest,)

test-fast: $(VENV)/.test-fast
	$(BIN)/avatar-serve weights fetch $(TEST_WEIGHTS)
	$(call pytest,--ignore=tests/unit/with_torch --ignore=tests/e2e/with_torch)

test-coqui: $(COQUI_VENV)/.coqui
	$(COQUI_VENV)/bin/python -m pytest --confcutdir=tests/with_coqui tests/with_coqui

lint: $(VENV)/.$(EXTRAS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed: install one, or set PYTHON=/path/to/it."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1,<27"

$(VENV)/.base: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.%: $(VENV)/.base
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e ".[$*]"
	@touch $@

k8s: $(VENV)/.$(EXTRAS)
	$(BIN)/python -m deployments.clustered config/local.yaml > k8s/overlays/local-kind/serve.yaml
	$(BIN)/python -m deployments.clustered config/gpu.yaml > k8s/overlays/single-gpu/serve.yaml
	$(BIN)/python -m deployments.clustered config/cluster.yaml > k8s/overlays/production/serve.yaml
	$(BIN)/python k8s/components/monitoring/dashboard.py > k8s/components/monitoring/dashboard.json

# The tool has an environment of its own: what it needs is no part of what it lists.
sbom: $(VENV)/.base
	$(BIN)/python -m venv $(VENV)/sbom
	$(VENV)/sbom/bin/python -m pip install --disable-pip-version-check --quiet "cyclonedx-bom>=7.5,<8"
	$(VENV)/sbom/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-file sbom.json $(BIN)/python

# What is released, each file by its hash, for every Python and one platform ([tool.uv] in pyproject.toml). Versions that
# a lock has stay unless constraints.txt says otherwise. No address of an index comes in.
UV := $(VENV)/uv/bin/uv
LOCK := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate -c constraints.txt
IMAGE := --extra postgres --extra japanese --extra chinese --extra traces

lock: $(UV)
	$(UV) $(LOCK) pyproject.toml -o locks/base.txt
	$(UV) $(LOCK) pyproject.toml --extra postgres --extra traces -o locks/cluster.txt
	$(UV) $(LOCK) pyproject.toml $(IMAGE) -o locks/cpu.txt
	$(UV) $(LOCK) pyproject.toml $(IMAGE) --extra gpu --extra diffusion --extra wav2lip --extra insightface \
		locks/gpu.in --no-emit-package onnxruntime -o locks/gpu.txt
	$(UV) $(LOCK) locks/build.in -o locks/build.txt

$(UV): $(VENV)/bin/python
	$(BIN)/python -m venv $(VENV)/uv
	$(VENV)/uv/bin/python -m pip install --disable-pip-version-check --quiet "uv>=0.13,<0.14"

PIP_AUDIT := $(VENV)/audit/bin/pip-audit

audit: $(PIP_AUDIT)
	$(BIN)/python .ci/audit.py $(PIP_AUDIT)

$(PIP_AUDIT): $(VENV)/bin/python
	$(BIN)/python -m venv $(VENV)/audit
	$(VENV)/audit/bin/python -m pip install --disable-pip-version-check --quiet "pip-audit>=2.10,<2.11"

$(COQUI_VENV)/.coqui: pyproject.toml constraints-coqui.txt
	$(PYTHON) -m venv $(COQUI_VENV)
	$(COQUI_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1,<27"
	$(COQUI_VENV)/bin/python -m pip install --disable-pip-version-check --quiet -c constraints-coqui.txt -e ".[coqui]" pytest pytest-asyncio pytest-timeout
	@touch $@

clean:
	rm -rf $(VENV) $(COQUI_VENV) demo.mp4 sbom.json
