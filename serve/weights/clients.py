"""Fetching an archive through the ordinary clients: pip, npm and the model hub's library.

Each `fetch_from_…` puts the archive into the folder `work` and returns its path, or raises
SourceError with a reason for a person. What the archive holds is checked by the caller.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from serve.weights.manifest import Archive
from serve.weights.transfer import Progress, SourceError, StreamRefusedError, make_client, stream

# pip's own words at "-vv", from 20 to 26: "Found link URL (from PAGE), version: 1.0".
_FOUND: Final = re.compile(r"Found link (\S+)")

# The line in which pip or npm says what failed; other clients say it in their last line.
_COMPLAINT: Final = re.compile(r"^\s*((?:ERROR:|npm (?:error|ERR!)(?! code)).*)$", re.MULTILINE)

# The page of the package that pip could not read: what its last error does not say.
_NO_PAGE: Final = re.compile(r"Could not fetch URL (\S+): ")

_WHEELS_ONLY: Final = ("--only-binary", ":all:", "--ignore-requires-python")

# Run apart, like the other clients, so that an interrupt ends it at once. What it raises is said
# in one line: its first, with the reason of a refusal.
_HUB_CALL: Final = """
import sys
import huggingface_hub as hub
try:
    {call}
except Exception as error:
    first = (str(error).strip().splitlines() or [""])[0]
    cause = error.__cause__ or error.__context__
    why = (str(cause).strip().splitlines() or [""])[0] if cause else ""
    sys.exit(f"{{type(error).__name__}}: {{first}}" + (f" ({{why}})" if why else ""))
"""
_HUB: Final = _HUB_CALL.format(
    call="hub.hf_hub_download(sys.argv[1], sys.argv[2], "
    "revision=sys.argv[3], local_dir=sys.argv[4])"
)
_SNAPSHOT: Final = _HUB_CALL.format(
    call="hub.snapshot_download(sys.argv[1], revision=sys.argv[2], local_dir=sys.argv[3], "
    "allow_patterns=sys.argv[4:])"
)


def fetch_from_pypi(archive: Archive, work: Path, progress: Progress) -> Path:
    """A wheel from the index, or the find-links, that pip is set up for.

    pip says where the wheel lies and this process streams it, which resumes and reports
    progress. Where the server refuses that (credentials, a special proxy), pip downloads it.
    """
    try:
        url = locate_wheel(archive)
    except SourceError:
        url = None  # pip's download, which tries longer, finds it or says why not
    part = work / f"{archive.name}.part"
    if url is not None and urlsplit(url).scheme == "file":
        return _copy(Path(url2pathname(urlsplit(url).path)), part, progress)
    if url is not None:
        try:
            with make_client() as client:
                stream(client, url, part, archive.size, progress)
            return part
        except StreamRefusedError:
            pass  # pip may hold what the server asks for
    command = [*_pip(), "download", "-vv", "--no-deps", *_WHEELS_ONLY, "--dest", str(work)]
    _run("pip", [*command, archive.origin], _Watch(work, archive.size, progress))
    return _delivered(archive, work, "pip")


def locate_wheel(archive: Archive) -> str | None:
    """The URL of a wheel, from one page of the index; None when pip does not tell.

    `pip install --dry-run --report` would tell it too, but downloads the whole wheel first
    where the index has no separate metadata. `pip index versions` reads the page alone and
    names each link in its log.

    Raises:
        SourceError: when pip fails, or does not know that command.
    """
    name = archive.origin.partition("==")[0]
    log = _run("pip", [*_pip(), "index", "versions", "-vv", "--retries", "2", *_WHEELS_ONLY, name])
    links = (match.split("#")[0] for match in _FOUND.findall(log))
    url = next((link for link in links if unquote(link).endswith(f"/{archive.name}")), None)
    # pip hides passwords in its log: such a URL is of no use.
    return None if url is None or "****" in url else url


def _copy(wheel: Path, part: Path, progress: Progress) -> Path:
    try:
        shutil.copyfile(wheel, part)
    except FileNotFoundError as error:
        raise SourceError(f"{wheel} is not there") from error
    progress(part.stat().st_size, part.stat().st_size)
    return part


def fetch_from_npm(archive: Archive, work: Path, progress: Progress) -> Path:
    """A package as `npm pack` packs it, from the registry that npm is set up for."""
    npm = shutil.which("npm")
    if npm is None:
        raise SourceError("npm is not installed")
    command = [npm, "pack", archive.origin, "--ignore-scripts", "--pack-destination", str(work)]
    _run("npm", command, _Watch(work, archive.size, progress))
    return _delivered(archive, work, "npm")


def fetch_from_hub(archive: Archive, work: Path, progress: Progress) -> Path:
    """One file of a model repository, through the optional library huggingface_hub."""
    _require_hub()
    repository, _, commit = archive.origin.partition("@")
    command = [sys.executable, "-c", _HUB, repository, archive.file, commit, str(work)]
    _run("huggingface_hub", command, _Watch(work, archive.size, progress))
    return _delivered(archive, work, "the hub")


def fetch_snapshot(
    origin: str, names: Sequence[str], size: int, work: Path, progress: Progress
) -> Path:
    """These files of a model repository at one commit; returns the folder that holds their tree.

    `size` is the sum of the bytes, as far as it is known. Credentials are the hub library's own.
    """
    _require_hub()
    repository, _, commit = origin.partition("@")
    command = [sys.executable, "-c", _SNAPSHOT, repository, commit, str(work), *names]
    _run("huggingface_hub", command, _Watch(work, size, progress, together=True))
    return work


def fetch_from_url(archive: Archive, work: Path, progress: Progress) -> Path:
    """A file that lies at a plain address."""
    part = work / f"{archive.name}.part"
    try:
        with make_client() as client:
            stream(client, archive.origin, part, archive.size, progress)
    except SourceError as error:
        raise SourceError(f"{archive.origin}: {error}") from error
    return part


def _require_hub() -> None:
    if importlib.util.find_spec("huggingface_hub") is None:
        raise SourceError("the hub's client is not installed (pip install huggingface_hub)")


def _pip() -> list[str]:
    """This environment's pip, or any other: only archives pass through it."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    pip = shutil.which("pip") or shutil.which("pip3")
    if pip is None:
        raise SourceError("pip is not installed (python -m ensurepip)")
    return [pip]


def _delivered(archive: Archive, work: Path, client: str) -> Path:
    path = work / archive.file
    if not path.is_file():
        raise SourceError(f"{client} gave no file {archive.name}")
    return path


@dataclass(frozen=True, slots=True)
class _Watch:
    """Clients report progress to terminals only: the growth of their files says it as well."""

    work: Path
    size: int
    progress: Progress
    together: bool = False
    """All files in the folder are on their way, not one."""

    def look(self) -> None:
        sizes = [_size(path) for path in self.work.rglob("*") if path.is_file()]
        done = sum(sizes) if self.together else max(sizes, default=0)
        if self.size:
            self.progress(min(done, self.size), self.size)


def _run(client: str, command: Sequence[str], watch: _Watch | None = None) -> str:
    """Run a client to its end and return what it printed."""
    process = subprocess.Popen(  # noqa: S603 - known programs; the manifest checks what they get
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=_environment(watch),
    )
    try:
        output = _wait(process, watch)
    except BaseException:  # an interrupt, too, ends the client
        process.kill()
        process.wait()
        raise
    if process.returncode:
        last = output.strip().splitlines()[-1:]
        reason = [*_COMPLAINT.findall(output), *last, "it gave no reason"][0].rstrip(".")
        page = "".join(f" (could not read {url})" for url in _NO_PAGE.findall(output)[-1:])
        raise SourceError(f"{client}: {reason}{page}")
    return output


def _wait(process: subprocess.Popen[str], watch: _Watch | None) -> str:
    while True:
        try:
            return process.communicate(timeout=0.25 if watch else None)[0]
        except subprocess.TimeoutExpired:
            if watch:
                watch.look()


def _environment(watch: _Watch | None) -> dict[str, str]:
    # PIP_QUIET would silence the log that is read here; all else of pip's is kept.
    env = {name: value for name, value in os.environ.items() if name != "PIP_QUIET"}
    env |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "NO_COLOR": "1"}
    env |= {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    env |= {"HF_HUB_OFFLINE": "0"}  # engines may fetch nothing; who asks for weights may
    return env | ({"TMPDIR": str(watch.work)} if watch else {})


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # a temporary file that has just gone
        return 0
