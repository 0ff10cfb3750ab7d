"""An ingress over a real database and a real folder, with scripted stages behind it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from serve.api.app import create_app
from serve.api.gallery import load_gallery
from serve.api.services import Services, open_services
from serve.jobs.database import Database, open_database
from serve.settings import Settings
from tests.fakes import FakeStages, png


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(f"sqlite+aiosqlite:///{tmp_path}/records.sqlite3")
    yield opened
    await opened.close()


@pytest.fixture
def stages() -> FakeStages:
    return FakeStages()


@pytest.fixture
async def services(tmp_path: Path, stages: FakeStages) -> AsyncIterator[Services]:
    folder = tmp_path / "gallery"
    folder.mkdir()
    for n, name in enumerate(("ada", "mira")):
        # Told apart from WebP by its content, like every picture.
        (folder / f"{name}.webp").write_bytes(png(seed=n + 100))
    settings = Settings(
        data_dir=tmp_path / "data",
        max_upload_bytes=4 * 1024 * 1024,
        max_picture_pixels=4_000_000,
        max_sound_seconds=20,
        max_active_jobs=8,
    )
    opened = await open_services(settings, stages)
    yield replace(opened, gallery=load_gallery(folder))
    await opened.close()


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


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
