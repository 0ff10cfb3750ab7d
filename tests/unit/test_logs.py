"""Our lines are Serve's lines, with ids, and without what users wrote."""

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest
from ray._common.formatters import JSONFormatter

from serve import logs

PRIVATE = "what a user wrote"


class Kept(logging.Handler):
    """Lines as Serve's encoding writes them."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JSONFormatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def kept() -> Iterator[Kept]:
    """Serve's logger with one handler, as in a replica; all as before afterwards."""
    names = (logs.SERVE, *logs.ROOMS)
    before = {}
    for name in names:
        logger = logging.getLogger(name)
        before[name] = (logger.handlers[:], logger.filters[:], logger.level, logger.propagate)
    serves, handler = logging.getLogger(logs.SERVE), Kept()
    serves.handlers, serves.propagate = [handler], False
    serves.setLevel(logging.INFO)
    logs.set_up()
    yield handler
    for name, (handlers, filters, level, propagate) in before.items():
        logger = logging.getLogger(name)
        logger.handlers, logger.filters, logger.propagate = handlers, filters, propagate
        logger.setLevel(level)


def test_a_line_of_ours_is_written_once_however_often_logs_are_set_up(kept: Kept) -> None:
    logs.set_up()
    logging.getLogger("deployments.director.claim").info("job %s is claimed", "vid_1")
    (line,) = kept.lines
    assert json.loads(line)["message"] == "job vid_1 is claimed"


def test_serves_level_is_ours(kept: Kept) -> None:
    logging.getLogger(logs.SERVE).setLevel(logging.WARNING)
    logging.getLogger("serve.api.making").info("left out")
    logging.getLogger("serve.api.making").warning("kept")
    assert [json.loads(line)["message"] for line in kept.lines] == ["kept"]


async def test_lines_about_a_video_name_it_also_in_tasks_begun_meanwhile(kept: Kept) -> None:
    log = logging.getLogger("deployments.director.run")

    async def work(name: str) -> None:
        with logs.about("video", name):
            async with asyncio.TaskGroup() as together:
                together.create_task(step(name))

    async def step(name: str) -> None:
        await asyncio.sleep(0)
        log.info(name)

    await asyncio.gather(work("vid_1"), work("vid_2"))
    log.info("none")
    lines = [json.loads(line) for line in kept.lines]
    assert {line["message"]: line.get("video_id") for line in lines} == {
        "vid_1": "vid_1",
        "vid_2": "vid_2",
        "none": None,
    }


def test_an_exception_is_written_without_its_message_or_its_causes(kept: Kept) -> None:
    try:
        try:
            raise KeyError(PRIVATE)
        except KeyError as error:
            raise RuntimeError(PRIVATE) from error
    except RuntimeError:
        logging.getLogger(logs.SERVE).exception("Request failed.")
    (line,) = kept.lines
    assert PRIVATE not in line
    told = json.loads(line)["exc_text"]
    assert "RuntimeError" in told
    assert "KeyError" in told
    assert "test_logs.py" in told
