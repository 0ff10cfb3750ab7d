"""What releases are installed by: every file by its hash, and what pyproject.toml asks for."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.contract.locks import (
    LOCKS,
    PROJECT,
    ROOT,
    Lock,
    constraints,
    entries,
    extras_of,
    faults,
    unknown,
)

EXTRAS = {
    "base": [],
    "cluster": ["postgres", "traces"],
    "cpu": ["postgres", "japanese", "chinese", "traces"],
    "gpu": [
        *("postgres", "japanese", "chinese", "traces"),
        *("gpu", "diffusion", "wav2lip", "insightface"),
    ],
}
"""What is released, and with which extras."""
NONE = re.compile(r"(?!)")
CUDA = re.compile(r"nvidia-.*|cuda-.*|triton|onnxruntime-gpu")
"""What a GPU wants besides: never installed where the tests run."""
STAND_IN = tomllib.loads((ROOT / "packaging" / "onnxruntime-on-gpu" / "pyproject.toml").read_text())


def lock(name: str) -> Lock:
    text = (LOCKS / f"{name}.txt").read_text()
    pins = constraints((ROOT / "constraints.txt").read_text())
    if name != "gpu":
        return Lock(text, pins, NONE, {})
    version = STAND_IN["project"]["version"].partition("+")[0]
    return Lock(text, pins, CUDA, {"onnxruntime": version})


every_lock = pytest.mark.parametrize("name", EXTRAS)


@every_lock
def test_a_lock_is_without_fault(name: str) -> None:
    held = lock(name)
    assert extras_of(held.text) == EXTRAS[name]
    if absent := unknown(held):
        pytest.skip(f"not installed, so what they need is not known: {sorted(absent)}")
    assert list(faults(held)) == []


def test_every_lock_is_held_to_this() -> None:
    assert {path.stem for path in LOCKS.glob("*.txt")} == {*EXTRAS, "build"}


def test_what_builds_our_own_package_is_locked_too() -> None:
    (setuptools,) = entries((LOCKS / "build.txt").read_text())
    assert setuptools.name == "setuptools"
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", given) for given in setuptools.hashes)
    (wanted,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert int(setuptools.version.split(".")[0]) >= int(wanted.rpartition(">=")[2])


def test_the_stand_in_on_a_gpu_asks_for_what_the_lock_has() -> None:
    (wanted,) = STAND_IN["project"]["dependencies"]
    locked = {one.name: one.version for one in entries(lock("gpu").text)}
    assert wanted == f"onnxruntime-gpu=={locked['onnxruntime-gpu']}"
    assert "onnxruntime" not in locked, "both own one folder"


def test_every_extra_is_released_or_is_no_part_of_a_release() -> None:
    released = {extra for extras in EXTRAS.values() for extra in extras}
    # Voices with an environment of their own; measurements and development.
    apart = {"coqui", "pocket", "ffmpeg", "loadtest", "bench", "test-fast", "test", "dev"}
    assert set(PROJECT["project"]["optional-dependencies"]) == released | apart


def without(text: str, name: str) -> str:
    """The lock without one package."""
    return re.sub(rf"^{name}==.*?(?=^\S)", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: without(t, "starlette"), "fastapi needs starlette"),
        (lambda t: without(t, "fastapi"), "the project needs fastapi"),
        (lambda t: without(t, "uvicorn"), "ray needs uvicorn"),  # by an extra of Ray's
        (lambda t: t.replace("numpy==2.4", "numpy==2.3"), "is not what was tested"),
        (lambda t: t.replace("numpy==2.4", "numpy>=2.4"), "numpy is not pinned"),
        (lambda t: re.sub(r"(numpy==.*?) \\\n.*?(?=^\S)", r"\1\n", t, flags=re.M | re.S),
         "numpy has no sha256"),
        (lambda t: re.sub(r"(numpy==.*?sha256:)", r"\1z", t, flags=re.S), "numpy has no sha256"),
        (lambda t: t + "pytest==9.2.0 --hash=sha256:" + "0" * 64 + "\n", "nobody asks for pytest"),
        (lambda t: t + "--index-url https://example.com/simple\n", "it names a place"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_lock_is_found(change: Callable[[str], str], said: str) -> None:
    whole = lock("base")
    changed = change(whole.text)
    assert changed != whole.text
    assert any(said in fault for fault in faults(replace(whole, text=changed)))
