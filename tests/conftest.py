"""An ingress over a real database and a real folder, with scripted stages behind it.

Also what its clients ask for, and look at, in more than one module.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import uvicorn

from media.errors import RETRYABLE
from serve.api.app import create_app
from serve.api.gallery import load_gallery
from serve.api.services import Services, open_services
from serve.jobs.database import Database, open_database
from serve.settings import Settings
from tests.fakes import FakeStages, picture_file
from tests.logged import logged
from tests.postgres import Postgres, postgres

BEGAN = pytest.StashKey[float]()
"""When a test's setup began, in Unix seconds."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What is tested of the records is tested on both databases, all else on the embedded one."""
    if "database_url" in metafunc.fixturenames:
        both = metafunc.module.__name__.rsplit(".", 1)[-1].startswith("test_jobs_")
        kinds = ["sqlite", "postgresql"] if both else ["sqlite"]
        metafunc.parametrize("database_url", kinds, indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed tells what the servers that it used have logged meanwhile."""
    report = yield
    if report.failed:
        for used in getattr(item, "funcargs", {}).values():
            folder = getattr(used, "logs", None)
            if isinstance(folder, Path):
                report.sections += logged(folder, item.stash.get(BEGAN, call.start))
    elif call.when == "setup":
        item.stash[BEGAN] = call.start
    return report


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.fixture
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Where an empty database is."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/records.sqlite3"
        return
    server: Postgres = request.getfixturevalue("postgresql")
    url = await server.new_database()
    yield url
    await server.drop(url)


@pytest.fixture(scope="session")
def no_records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SQLite's file as the service makes it, to copy: its tables take longer than most tests."""
    path = tmp_path_factory.mktemp("records") / "records.sqlite3"

    async def make() -> None:
        await (await open_database(f"sqlite+aiosqlite:///{path}")).close()

    with ThreadPoolExecutor(1) as beside:  # the tests' own loop
        beside.submit(asyncio.run, make()).result()
    return path


@pytest.fixture
async def database(database_url: str, no_records: Path, tmp_path: Path) -> AsyncIterator[Database]:
    if database_url.startswith("sqlite"):
        shutil.copyfile(no_records, tmp_path / "records.sqlite3")
    opened = await open_database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def stages() -> FakeStages:
    return FakeStages()


@pytest.fixture
async def services(tmp_path: Path, stages: FakeStages, no_records: Path) -> AsyncIterator[Services]:
    folder = tmp_path / "gallery"
    folder.mkdir()
    for n, name in enumerate(("ada", "mira")):
        (folder / f"{name}.webp").write_bytes(picture_file("WEBP", seed=n + 100))
    settings = Settings(
        data_dir=tmp_path / "data",
        max_upload_bytes=4 * 1024 * 1024,
        max_picture_pixels=4_000_000,
        max_sound_seconds=20,
        max_active_jobs=8,
        max_active_voices=3,
    )
    settings.data_dir.mkdir(mode=0o700)
    shutil.copyfile(no_records, settings.data_dir / "records.sqlite3")
    opened = await open_services(settings, stages)
    yield replace(opened, gallery=load_gallery(folder))
    await opened.close()


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(services, access="open"))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


@pytest.fixture
async def live(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A client over a real connection: the in-memory one hands over an answer only when whole."""
    async with served(services) as client:
        yield client


@asynccontextmanager
async def served(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A client of these services over a real connection."""
    config = uvicorn.Config(
        create_app(services, access="open"), port=0, log_level="error", lifespan="off"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        yield client
    server.should_exit = True
    await serving


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def stored(services: Services) -> "Stored":
    return Stored(services.settings.data_dir / "artifacts")


class Stored:
    """What lies in the artifacts' folder now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self) -> set[str]:
        return files_below(self.folder)


async def ask(client: httpx.AsyncClient, **fields: object) -> httpx.Response:
    """The answer to a request for a video that can be made, unless `fields` spoil it."""
    return await client.post("/v1/videos", json={"avatar": "mira", "text": "Hello there."} | fields)


async def made(client: httpx.AsyncClient, **fields: object) -> str:
    """The id of a video that was asked for and accepted."""
    answer = await ask(client, **fields)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def until_over(client: httpx.AsyncClient, video: str) -> dict[str, object]:
    """The video once it is completed, failed or cancelled."""
    async with asyncio.timeout(10):
        while True:
            job: dict[str, object] = (await client.get(f"/v1/videos/{video}")).json()
            if job["status"] not in ("queued", "in_progress"):
                return job
            await asyncio.sleep(0.02)


def check_refusal(answer: httpx.Response, code: str, param: str | None, status: int = 422) -> None:
    """Refused for the one reason meant, in one short sentence that tells nothing of our insides."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == (code, param)
    assert error["retryable"] is RETRYABLE[code]
    assert error["message"].endswith(".")
    assert len(error["message"]) < 300
    for leak in ("Traceback", "pydantic", "Error(", ".py", "0x"):
        assert leak not in answer.text


async def nothing_is_left(client: httpx.AsyncClient, stored: Stored) -> None:
    """No record of a video and no byte of a client's."""
    assert (await client.get("/v1/videos")).json()["data"] == []
    assert {name for name in stored() if "mira" not in name} <= portraits_of_the_gallery(stored)


def portraits_of_the_gallery(stored: Stored) -> set[str]:
    """A gallery face that was prepared for a refused request may stay: it is everybody's."""
    mira = any("mira" in name for name in stored())
    portraits = {name for name in stored() if name.startswith("portraits/")}
    assert len(portraits) <= mira
    return portraits
