# make demo: a first video.  make test: the tests.  make serve: keep the server up.
# make test-fast: the tests that need no torch.  make gpu: all engines, on CUDA.
VENV := .venv
BIN := $(VENV)/bin
EXTRAS ?= test
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && echo $$p && break; done)
TEST_WEIGHTS := mediapipe-face-landmarker mobilestylegan-ffhq hibari-heart insightface-buffalo-s-parts kokoro-82m-int8 kokoro-voices
SENTENCE := Hello! I am a face that nobody has. Give me words, or your own voice, and I will say what you want to say.

.PHONY: demo gpu serve test test-fast lint weights clean

demo: $(VENV)/.base
	$(BIN)/avatar-serve weights fetch
	$(BIN)/avatar-serve video --text "$(SENTENCE)" --size 512x512 --out demo.mp4

gpu: $(VENV)/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt ./packaging/onnxruntime-on-gpu
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e ".[gpu,diffusion,wav2lip,insightface]"
	$(BIN)/python -m pip check
	@touch $(VENV)/.base

serve: $(VENV)/.base
	$(BIN)/avatar-serve weights fetch
	$(BIN)/avatar-serve serve

test: $(VENV)/.$(EXTRAS)
	$(BIN)/avatar-serve weights fetch $(TEST_WEIGHTS)
	$(BIN)/python -m pytest

test-fast: $(VENV)/.test-fast
	$(BIN)/avatar-serve weights fetch $(TEST_WEIGHTS)
	$(BIN)/python -m pytest --ignore=tests/unit/with_torch --ignore=tests/e2e/with_torch

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

$(VENV)/.$(EXTRAS): $(VENV)/.base
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e ".[$(EXTRAS)]"
	@touch $@

clean:
	rm -rf $(VENV) demo.mp4
