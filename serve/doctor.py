"""What works on this machine and what is missing: `avatar-serve doctor`."""

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from media.errors import AvatarError
from serve.commands.private import LOCAL_CONFIG
from serve.doctor_safety import safety
from serve.findings import Check
from serve.marking.signer import ends_soon, tried_signer
from serve.profiles import misfits, shares
from serve.settings import Settings
from serve.weights.configured import configured_weights
from serve.weights.store import open_store

PORT: Final = 8000
"""Where the server listens unless told otherwise."""

_GIB: Final = 2**30

# What makes each optional part work.
_EXTRAS: Final = {
    "insightface": ("the InsightFace engine", 'pip install "avatar-serve[insightface]"'),
    "asyncpg": ("PostgreSQL", 'pip install "avatar-serve[postgres]"'),
    "torch": ("the Wav2Lip engine", 'pip install "avatar-serve[wav2lip]"'),
    "diffusers": ("portraits by diffusion", 'pip install "avatar-serve[diffusion]"'),
    "huggingface_hub": ("weights from a model hub", "pip install huggingface_hub"),
    "ffmpeg": ("the ffmpeg encode engine", 'pip install "avatar-serve[ffmpeg]"'),
}


def doctor(
    port: Annotated[int, typer.Option(help="The port to be used by the server.")] = PORT,
    config: Annotated[
        Path, typer.Option(help="The Serve config file that is to be run.", exists=True)
    ] = LOCAL_CONFIG,
) -> None:
    """Say what works here and what is missing; exit code 1 when the configuration cannot work."""
    console = Console()
    findings = checks(Settings(), port, config)
    if config != LOCAL_CONFIG:
        findings += gpu_shares(config, card_sizes())
    style = {"ok": "green", "note": "yellow", "fail": "red"}
    for check in findings:
        console.print(f"{check.status:<5}", style=style[check.status], end="")
        text = f"{check.name}: {check.detail}" + (f" -> {check.remedy}" if check.remedy else "")
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    if any(check.status == "fail" for check in findings):
        raise typer.Exit(1)


def checks(settings: Settings, port: int = PORT, config: Path = LOCAL_CONFIG) -> list[Check]:
    """Look at everything; takes a few seconds at most and changes nothing."""
    return [
        _python(),
        _packages(),
        _cores(),
        _memory(),
        _folder("data", settings.data_dir, "AVATAR_DATA_DIR"),
        _folder("weights", settings.weights_dir, "AVATAR_WEIGHTS_DIR"),
        *_weights(settings, config),
        _signing(settings),
        *safety(settings, config),
        _video(),
        _port(port),
        _client("pip"),
        _client("npm"),
        *_extras(),
        _gpu(),
    ]


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] in ((3, 11), (3, 12)):
        return Check("python", "ok", version)
    return Check("python", "fail", version, "use Python 3.11 or 3.12")


def _packages() -> Check:
    """Whether every package that the project itself asks for is installed."""
    asked = [text for text in metadata.requires("avatar-serve") or [] if "extra ==" not in text]
    names = [re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0] for text in asked]
    installed = {package.name.lower().replace("_", "-") for package in metadata.distributions()}
    missing = [name for name in names if name.lower().replace("_", "-") not in installed]
    if missing:
        return Check("packages", "fail", f"missing: {', '.join(missing)}", "pip install -e .")
    return Check("packages", "ok", f"{len(names)} installed")


def _cores() -> Check:
    try:
        usable = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS does not say which cores a process may use
        usable = os.cpu_count() or 1
    if usable >= 2:
        return Check("cores", "ok", str(usable))
    return Check("cores", "note", str(usable), "slower than real time: give it two cores")


def _memory() -> Check:
    have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")  # a container's own limit
    if limit.is_file() and (text := limit.read_text().strip()).isdigit():
        have = min(have, int(text))
    detail = f"{have / _GIB:.1f} GiB"
    if have >= 4 * _GIB:
        return Check("memory", "ok", detail)
    return Check("memory", "note", detail, "4 GiB are needed to work at ease")


def _folder(what: str, folder: Path, variable: str) -> Check:
    name = f"{what} folder"
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    detail = f"{folder}, {free / _GIB:.1f} GiB free"
    if not there.is_dir() or not os.access(there, os.W_OK):
        return Check(name, "fail", f"{folder} cannot be written", f"set {variable}")
    if free < _GIB:
        return Check(name, "fail", detail, f"free 1 GiB there or set {variable}")
    return Check(name, "ok", detail)


def _weights(settings: Settings, config: Path) -> Iterator[Check]:
    """The weights of the engines that the config names."""
    store = open_store(settings)
    for name in configured_weights(config, store.manifest):
        state = store.verify(name)
        if state.status == "ok":
            yield Check(f"weights {name}", "ok", store.manifest[name].licence)
        else:
            detail = f"{state.file} is {state.status}"
            yield Check(f"weights {name}", "fail", detail, store.remedy(state))


def _signing(settings: Settings) -> Check:
    """Whether what is given out can be signed, by whom, and until when. Makes no certificate."""
    if not (settings.signing_certificate or settings.signing_key.get_secret_value()):
        detail = "a development certificate, which proves no origin"
        if settings.database_url or settings.storage_url:
            detail += "; each machine makes its own"
        remedy = "set AVATAR_SIGNING_CERTIFICATE and AVATAR_SIGNING_KEY"
        return Check("signing", "note", detail, remedy)
    try:
        signer = tried_signer(settings)
    except AvatarError as error:
        return Check("signing", "fail", error.message, f"set {error.param}")
    detail = f"by {signer.name}, until {signer.expires:%Y-%m-%d}"
    if ends_soon(signer):
        return Check("signing", "note", detail, "have the certificate renewed")
    return Check("signing", "ok", detail)


def _video() -> Check:
    """PyAV's own FFmpeg with the two encoders; no system ffmpeg is used."""
    remedy = "pip install --force-reinstall --only-binary :all: av"
    try:
        import av

        for codec in ("libx264", "aac"):
            av.codec.Codec(codec, "w")
    except (ImportError, ValueError) as error:
        return Check("video", "fail", f"PyAV cannot encode H.264 and AAC ({error})", remedy)
    return Check("video", "ok", f"PyAV {av.__version__}, libx264 and aac; no system ffmpeg needed")


def _port(port: int) -> Check:
    with socket.socket() as probe:
        # As servers do: a port that a closed server leaves waiting counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return Check("port", "note", f"{port} is in use", "stop that server or use --port")
    return Check("port", "ok", f"{port} is free")


def _client(name: str) -> Check:
    if shutil.which(name) or importlib.util.find_spec(name):
        return Check(name, "ok", "found")
    purpose = "weights cannot be fetched" if name == "pip" else "only for weights from npm packages"
    return Check(name, "note", f"not installed; {purpose}")


def _extras() -> Iterator[Check]:
    for module, (purpose, command) in _EXTRAS.items():
        if importlib.util.find_spec(module):
            yield Check(module, "ok", f"installed, for {purpose}")
        else:
            yield Check(module, "note", f"not installed, only for {purpose}", command)


def _gpu() -> Check:
    smi = shutil.which("nvidia-smi")
    if smi is None:
        return _gpu_by_torch()
    query = [smi, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        answer = subprocess.run(  # noqa: S603 - the found program with fixed arguments
            query, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Check("gpu", "note", f"nvidia-smi fails ({error})", "mend the driver to use the GPU")
    return Check("gpu", "ok", "; ".join(answer.stdout.strip().splitlines()))


def card_sizes() -> list[int]:
    """MiB of each GPU, by the driver."""
    smi = shutil.which("nvidia-smi")
    if smi is None:
        return []
    query = [smi, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(  # noqa: S603 - the found program with fixed arguments
            query, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []  # `_gpu` says why
    return [int(line) for line in answer.stdout.split()]


def gpu_shares(config: Path, cards: Sequence[int]) -> list[Check]:
    """Whether the replicas of a config file fit the GPUs here."""
    wanted = shares(config)
    if not wanted:
        return [Check("gpu shares", "ok", f"{config.name} uses no GPU")]
    if any(share.group for share in wanted):
        detail = f"{config.name} shares GPUs over groups of machines, not this one alone"
        return [Check("gpu shares", "note", detail, "see docs/04-clusters.md")]
    if not cards:
        what = ", ".join(share.deployment for share in wanted)
        return [Check("gpu shares", "fail", f"{what} want a GPU; none is seen", "check nvidia-smi")]
    wrong = list(misfits(wanted, len(cards), min(cards)))
    if wrong:
        return [Check("gpu shares", "fail", sentence) for sentence in wrong]
    needs = sum(share.replicas * share.needs_mb for share in wanted)
    return [Check("gpu shares", "ok", f"{config.name} takes {needs} MiB of {sum(cards)}")]


def _gpu_by_torch() -> Check:
    """Containers often lack nvidia-smi; torch, where installed, sees the card all the same."""
    if importlib.util.find_spec("torch"):
        cuda = importlib.import_module("torch").cuda
        if cuda.is_available():
            return Check("gpu", "ok", str(cuda.get_device_name(0)))
    return Check("gpu", "note", "none seen; the default does not need one")
