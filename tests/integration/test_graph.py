"""The graph on a Ray of its own: what its stages pass to each other, and what they do not."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
import ray
import skimage.data
from ray import serve

from deployments.director.claim import direct
from deployments.director.holding import Holding
from deployments.director.run import Means
from deployments.director.stopping import told_to_stop
from deployments.in_a_row import InARow
from deployments.launch import read_config, start
from deployments.loading import EngineConfig, engine_class
from media.errors import AvatarError
from serve.commands.private import LOCAL_CONFIG, free_port
from serve.handles import HandleStages
from serve.jobs import avatars, leases, records
from serve.jobs.database import Database, open_database
from serve.jobs.faces import portrait_of
from serve.jobs.models import Avatar, Job
from serve.settings import Settings
from serve.storage.artifacts import Artifacts, open_artifacts
from serve.storage.portraits import save_portrait
from tests.fakes import queue_job

REQUEST = {
    "text": "Hello there. Maybe we pop a big bubble.",
    "voice": "heart",
    "speed": 1.0,
    "fps": "25",
    "size": "256x256",
    "life": True,
    "seed": 3,
}


TARGET = 32
"""Jobs that config/local.yaml aims at for each director."""
QUICK = {"upscale_delay_s": 0.5, "metrics_interval_s": 0.5, "look_back_period_s": 2.0}


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notes") / "lipsync"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data_dir=tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def spoken(notes: Path) -> Path:
    return notes.with_name("speech")


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def stages(notes: Path, spoken: Path, settings: Settings, port: int) -> Iterator[HandleStages]:
    config = read_config(LOCAL_CONFIG, port=port)
    (application,) = config["applications"]
    watched = {"Lipsync": ("WatchedWarp", notes), "Speech": ("WatchedHibari", spoken)}
    for deployment in application["deployments"]:
        if deployment["name"] == "Director":
            deployment["autoscaling_config"] |= QUICK
        if deployment["name"] in watched:
            engine, file = watched[deployment["name"]]
            options = {"notes": str(file)}
            deployment["user_config"] = {"engine": f"tests.engines:{engine}", "options": options}
        # No call is left to drain when the last test is over.
        deployment |= {"graceful_shutdown_wait_loop_s": 0.1, "graceful_shutdown_timeout_s": 1}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVATAR_DATA_DIR", str(settings.data_dir))
        # Ray, imported already, has read that there is no token in this process.
        patch.setenv("RAY_AUTH_MODE", "disabled")
        start(config, threading.Event())
        names = ("Portrait", "Face", "Speech", "Encode", "Director", "Lipsync")
        yield HandleStages(*(serve.get_deployment_handle(name, "avatar") for name in names))
        serve.shutdown()  # or its routers go on reporting to a Ray that is gone
        ray.shutdown()


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    opened = await open_database(settings.database())
    yield opened
    await opened.close()


@pytest.fixture
def artifacts(settings: Settings) -> Artifacts:
    return open_artifacts(settings.storage())


async def new_job(database: Database, artifacts: Artifacts, stages: Any, name: str) -> str:
    portrait = await portrait_of(stages, skimage.data.astronaut(), None, param="avatar")
    facts = avatars.portrait_facts(portrait, await save_portrait(artifacts, portrait))
    await avatars.add(
        database, Avatar(id=f"a_{name}", kind="image", listed=True, name=name, origin={}, **facts)
    )
    job = records.NewJob(f"vid_{name}", dict(REQUEST), f"a_{name}")
    await records.create(database, job, max_active=20)
    return job.id


async def frames_of(artifacts: Artifacts, job: Job) -> np.ndarray:
    assert job.result is not None, job.error
    data = await artifacts.get(job.result["files"]["video"]["key"])
    with av.open(io.BytesIO(data)) as file:
        return np.stack([frame.to_ndarray(format="yuv420p") for frame in file.decode(video=0)])


async def test_the_graph_makes_the_same_video_as_the_engines_in_a_row(
    stages: HandleStages, database: Database, artifacts: Artifacts, settings: Settings
) -> None:
    in_graph = await new_job(database, artifacts, stages, "graph")
    await stages.run_job(in_graph)
    row = InARow.from_config(LOCAL_CONFIG, settings, artifacts)
    in_row = await new_job(database, artifacts, row, "row")
    await direct(Means(database, artifacts, row, settings, Holding(database)), in_row)
    jobs = [await records.get(database, name) for name in (in_graph, in_row)]
    first, second = [await frames_of(artifacts, job) for job in jobs]
    assert first.shape == second.shape
    assert np.array_equal(first, second), np.abs(first.astype(int) - second).max(axis=(1, 2))


async def test_a_portrait_is_prepared_once_for_all_its_videos(
    stages: HandleStages, database: Database, artifacts: Artifacts, notes: Path
) -> None:
    notes.write_text("")
    jobs = [await new_job(database, artifacts, stages, f"again{n}") for n in range(3)]
    await asyncio.gather(*(stages.run_job(job) for job in jobs))
    said = notes.read_text().split("\n")
    replicas = {line.split()[0] for line in said if line}
    # Another test has prepared this portrait on one replica already.
    assert len([line for line in said if "prepare" in line]) <= len(replicas) - 1
    assert {(await records.get(database, job)).status for job in jobs} == {"completed"}


async def test_an_error_of_a_stage_arrives_whole(stages: HandleStages) -> None:
    with pytest.raises(AvatarError) as caught:
        await stages.check_text("😀", "heart")
    assert (caught.value.code, caught.value.param) == ("empty_text", "text")
    with pytest.raises(AvatarError) as caught:
        await stages.check_text("Hello.", "nobody")
    assert caught.value.code == "unknown_voice"


async def test_speech_streams_piece_by_piece(stages: HandleStages) -> None:
    pieces = [piece async for piece in stages.speak("One, two. Three.", "heart", 1.0)]
    assert len(pieces) >= 2
    assert [w.text for piece in pieces for w in piece.words] == ["One,", "two.", "Three."]


async def test_a_client_that_leaves_stops_the_speaker(
    stages: HandleStages, port: int, spoken: Path
) -> None:
    words = 60 * "This will never be heard to its end, for nobody stays that long. "
    pieces = await stages.check_text(words, "heart")
    before = len(spoken.read_text().split())
    body = {"model": "tts-1", "voice": "heart", "input": words}
    url = f"http://127.0.0.1:{port}/v1/audio/speech"
    async with (
        httpx.AsyncClient(trust_env=False) as http,
        http.stream("POST", url, json=body, timeout=30) as answer,
    ):
        await anext(answer.aiter_raw())
    said, last = -1, 0
    while said != last:  # until a second has passed without a word
        said = last
        await asyncio.sleep(1)
        last = len(spoken.read_text().split())
    assert 0 < last - before < pieces


async def test_a_job_that_is_done_is_not_done_again(
    stages: HandleStages, database: Database, artifacts: Artifacts
) -> None:
    job = await new_job(database, artifacts, stages, "once")
    await asyncio.gather(stages.run_job(job), stages.run_job(job))
    done = await records.get(database, job)
    await stages.run_job(job)
    again = await records.get(database, job)
    assert (done.status, done.fence) == ("completed", 1)
    assert (again.completed_at, again.fence) == (done.completed_at, 1)


@pytest.mark.parametrize(
    "config",
    [
        {"engine": "deployments.lipsync.warp:Warp", "thread": 1},
        {"engine": "deployments.lipsync.warp:Warp", "threads": 0},
        {"engine": "no colon"},
    ],
)
def test_a_config_with_a_slip_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"thread|engine"):
        EngineConfig.model_validate(config)


def test_an_option_that_an_engine_does_not_take_is_refused_by_name() -> None:
    config = EngineConfig(engine="deployments.encode.pyav:PyAV", options={"crff": 20})
    with pytest.raises(ValueError, match="crff"):
        engine_class(config)


@serve.deployment(graceful_shutdown_wait_loop_s=0.1)
class Listener:
    """Waits, in a call that would last for ever, for the word that it shall stop."""

    async def heard(self) -> bool:
        if told_to_stop():
            return False
        while not told_to_stop():  # noqa: ASYNC110 - Serve sets a flag, not an event of ours
            await asyncio.sleep(0.05)
        return True


async def test_a_replica_hears_that_it_is_to_stop_while_its_calls_go_on(
    stages: HandleStages,
) -> None:
    handle = serve.run(Listener.bind(), name="listener", route_prefix=None)
    call = handle.heard.remote()
    await asyncio.sleep(3)  # the call is under way
    serve.delete("listener", _blocking=False)
    assert await asyncio.wait_for(call, 15) is True


async def test_directors_grow_with_jobs_that_no_call_stands_for(
    stages: HandleStages, database: Database
) -> None:
    # Held, as by a director whose asker is gone: nobody calls, and Serve sees no request.
    jobs: list[str] = []
    while len(jobs) < TARGET + 8:
        job = await queue_job(database)
        # A sweep of the graph's own director may come first; that job soon is over.
        if await leases.claim(database, job, 300) is not None:
            jobs.append(job)
    async with asyncio.timeout(200):
        while directors() < 2:  # noqa: ASYNC110 - Serve sets no event for it
            await asyncio.sleep(0.5)
    for job in jobs:
        await records.cancel(database, job)


def directors() -> int:
    deployments = serve.status().applications["avatar"].deployments
    return deployments["Director"].replica_states.get("RUNNING", 0)
