"""Nobody is called: not by what engines run on, not by a whole server. Nobody else can call it."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import grpc
import httpx
import pytest

from serve.commands.private import free_port, short_folder, stop
from serve.settings import Settings

ROOT: Final = Path(__file__).parents[2]
WARMED: Final = """
from deployments.in_a_row import engine_configs
from deployments.loading import load_engine
from serve.commands.private import LOCAL_CONFIG
from serve.settings import Settings

more = engine_configs(LOCAL_CONFIG.with_name("voices.yaml"))
chosen = engine_configs(LOCAL_CONFIG) | {name: more[name] for name in ("Speech", "Cloning")}
for stage, config in chosen.items():
    engine = load_engine(config, Settings())
    getattr(engine, "warm_up", lambda: None)()
    for voice in getattr(engine, "voices", ()):  # each language has a reader of its own
        engine.check("1, 2, 3.", voice.id)
    print(stage)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def connections(home: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the kernel was asked to connect and send to while every engine was made ready."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed: nobody watched")
    log = tmp_path_factory.mktemp("watched") / "connections"
    watched = [strace, "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", str(log)]
    # No word of continuous integration, where libraries report less.
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "AVATAR_WEIGHTS_DIR": str(Settings().weights_dir),
    }
    command = [*watched, sys.executable, "-c", WARMED]
    told = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert {"Portrait", "Face", "Speech", "Lipsync", "Cloning"} <= set(told.stdout.split())
    return log.read_text()


def test_engines_call_nobody(connections: str) -> None:
    assert re.findall(r"sa_family=AF_INET6?\b.*", connections) == []


def test_engines_leave_nothing_at_home(connections: str, home: Path) -> None:
    assert list(home.rglob("*")) == []


REPLICA: Final = "ray::ServeReplica:"
ADDRESSES: Final = re.compile(
    r'sin_addr=inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"'  # as strace spells them
)


@dataclass(frozen=True)
class Watched:
    """A server that was run as users do, made a video and showed its page."""

    calls: str
    """What the kernel was asked to connect and send to, by any of its processes."""
    listening: dict[str, set[str]]
    """Programs by the address that they listened on."""
    refused: set[grpc.StatusCode]
    """What was said to calls without Ray's token where others than this machine can call."""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed: nobody watched")
    folder = tmp_path_factory.mktemp("server")
    log = folder / "calls"
    with tempfile.TemporaryDirectory(prefix="out-", dir=short_folder()) as rays:
        environment = {
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "TMPDIR": rays,
            "AVATAR_WEIGHTS_DIR": str(Settings().weights_dir),
            "AVATAR_DATA_DIR": str(folder / "data"),
            "AVATAR_RAY_DIR": rays,
        }
        # -D: the server is our child. By seccomp only these calls are stopped at, not all.
        command = [strace, "-D", "-f", "-qq", "--seccomp-bpf", "-o", str(log)]
        command += ["-e", "trace=connect,sendto,sendmmsg", sys.executable, "-m", "serve.cli"]
        command += ["serve", "--port", str(free_port())]
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            assert server.stdout is not None
            word, _, url = server.stdout.readline().strip().partition(" ")
            assert word == "ready"
            _use(url)
            found = list(_listening(server.pid))
            refused = {_refused(port) for _, address, port in found if not _is_own(address)}
        finally:
            stop(server)
        listening: dict[str, set[str]] = defaultdict(set)
        for program, address, _ in found:
            listening[address].add(program)
        yield Watched(log.read_text(), dict(listening), refused)


def _use(url: str) -> None:
    """Make a video that is spoken, and load the page as a browser does."""
    with httpx.Client(base_url=url, timeout=120, trust_env=False) as http:
        page = http.get("/").text
        for name in re.findall(r'(?:src|href)="(/web/[^"]+)"', page):
            assert http.get(name).status_code == 200
        wanted = {"avatar_prompt": "a woman", "text": "Nobody else hears this.", "size": "256x256"}
        asked = http.post("/v1/videos", json=wanted)
        assert asked.status_code == 202, asked.text
        events = http.get(asked.json()["urls"]["events"])
        assert '"completed"' in events.text
        assert http.get(f"/v1/videos/{asked.json()['id']}/content").status_code == 200


def _listening(session: int) -> Iterator[tuple[str, str, int]]:
    """Programs of a session with the addresses and ports on which they take TCP connections."""
    sockets = dict(_sockets("tcp")) | dict(_sockets("tcp6"))
    for process in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if os.getsid(int(process.name)) != session:
                continue
            program = (process / "cmdline").read_bytes().split(b"\0")[0].decode()
            for descriptor in (process / "fd").iterdir():
                inode = os.readlink(descriptor).removeprefix("socket:[").removesuffix("]")
                if inode in sockets:
                    yield (Path(program).name or program, *sockets[inode])


def _refused(port: int) -> grpc.StatusCode:
    """The answer of one of Serve's replicas to a call from whoever reaches it."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary("/ray.serve.ASGIService/HandleRequest")
        try:
            call(b"", timeout=20)
        except grpc.RpcError as error:
            status: grpc.StatusCode = error.code()
            return status
    return grpc.StatusCode.OK


def _sockets(kind: str) -> Iterator[tuple[str, tuple[str, int]]]:
    """Inode, address and port of those that listen."""
    for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A":
            raw, port = map(bytes.fromhex, fields[1].split(":"))
            words = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
            yield fields[9], (str(ip_address(words)), int.from_bytes(port))


def test_a_server_calls_nobody(watched: Watched) -> None:
    called = {one or other for one, other in ADDRESSES.findall(watched.calls)}
    assert called
    assert {address for address in called if not _is_own(address)} == set()


def test_a_server_listens_on_loopback_or_wants_ray_s_token(watched: Watched) -> None:
    assert watched.listening
    beyond = {
        who for a, programs in watched.listening.items() if not _is_own(a) for who in programs
    }
    # Serve binds them to all addresses, whatever it is told; they want Ray's token.
    assert {who for who in beyond if not who.startswith(REPLICA)} == set()
    assert watched.refused == {grpc.StatusCode.UNAUTHENTICATED}


def _is_own(address: str) -> bool:
    """Whether it leads to this machine alone, also as IPv6 spells addresses of IPv4."""
    ip = ip_address(address)
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback
