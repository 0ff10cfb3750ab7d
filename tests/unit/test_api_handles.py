"""The stages over deployment handles: calls, streams, and errors that cross processes."""

import asyncio
import pickle
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
import pytest
from ray.exceptions import ActorDiedError, ActorUnavailableError, RayTaskError
from ray.serve.exceptions import BackPressureError

from media.errors import AvatarError
from media.sound import Sound, Speech
from serve.handles import HandleStages, Running, unwrapped
from serve.stages import DirectorDied


class Method:
    """`handle.method.remote(…)` that answers from a function."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self.answer = answer

    def remote(self, *arguments: Any) -> Any:
        return self.answer(*arguments)


class Handle:
    """A deployment's handle with methods by script."""

    def __init__(self, **methods: Callable[..., Any]) -> None:
        self.options_seen: list[dict[str, Any]] = []
        for name, answer in methods.items():
            setattr(self, name, Method(answer))

    def options(self, **options: Any) -> "Handle":
        self.options_seen.append(options)
        return self


class Stream:
    """A streamed answer that can be cancelled."""

    def __init__(self, pieces: AsyncIterator[Speech]) -> None:
        self.pieces = pieces
        self.cancelled = False

    def __aiter__(self) -> AsyncIterator[Speech]:
        return self.pieces

    def cancel(self) -> None:
        self.cancelled = True


def stages(**handles: Handle) -> HandleStages:
    names = ("portrait", "face", "speech", "encode", "director")
    return HandleStages(*(handles.get(name, Handle()) for name in names), handles.get("lipsync"))


def over_ray(cause: Exception) -> RayTaskError:
    """The error as Ray raises it where a remote call is awaited."""
    wrapped = RayTaskError(
        "speak", "Traceback: secret", cause, proctitle="x", pid=1, ip="127.0.0.1"
    )
    return wrapped.as_instanceof_cause()  # type: ignore[no-any-return]  # Ray is untyped here


async def test_calls_go_to_the_methods_of_their_deployments() -> None:
    async def answer(*arguments: Any) -> tuple[Any, ...]:
        return arguments

    async def two(*arguments: Any) -> int:
        return 2

    made = stages(
        portrait=Handle(paint=answer), face=Handle(find=answer, mesh=answer),
        speech=Handle(voices=answer, check=two), encode=Handle(segment=answer),
        director=Handle(run=answer),
    )  # fmt: skip
    picture: Any = "picture"
    face: Any = "face"
    assert await made.paint("words", 3) == ("words", 3)
    assert await made.find_faces(picture) == ("picture",)
    assert await made.mesh(picture, face) == ("picture", "face")
    assert await made.voices() == ()
    assert await made.check_text("text", "voice") == 2
    assert await made.encode("task") == ("task",)
    await made.run_job("vid_1")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda error: error,
        over_ray,
        lambda error: over_ray(over_ray(error)),
        lambda error: RayTaskError("f", "t", error, proctitle="x", pid=1, ip="127.0.0.1"),
        lambda error: pickle.loads(pickle.dumps(error)),  # noqa: S301 - just written
    ],
    ids=["plain", "over one hop", "over two hops", "not dual", "pickled"],
)
async def test_an_error_of_a_stage_arrives_as_it_was_raised(
    wrap: Callable[[Exception], Exception],
) -> None:
    async def fail(*arguments: Any) -> None:
        raise wrap(AvatarError("many_faces", "Two.", param="image", details={"faces": [1, 2]}))

    with pytest.raises(AvatarError) as caught:
        await stages(face=Handle(find=fail)).find_faces(np.zeros((2, 2, 3), np.uint8))
    error = caught.value
    assert type(error) is AvatarError
    assert (error.code, error.message, error.param) == ("many_faces", "Two.", "image")
    assert error.details == {"faces": [1, 2]}
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    "refusal",
    [BackPressureError(9, 8), over_ray(BackPressureError(9, 8)), ActorDiedError()],
    ids=["queue full", "queue full behind", "replica died"],
)
async def test_rays_own_refusals_are_an_overload(refusal: Exception) -> None:
    error = unwrapped(refusal)
    assert isinstance(error, AvatarError)
    assert error.code == "overloaded"


def test_any_other_error_stays_what_it_is() -> None:
    error = over_ray(ZeroDivisionError("x"))
    assert unwrapped(error) is error


async def speech(count: int, error: Exception | None = None) -> AsyncIterator[Speech]:
    for _ in range(count):
        yield Speech(np.zeros(10, np.float32), 24_000)
    if error is not None:
        raise error


async def test_speech_is_streamed_piece_by_piece() -> None:
    stream = Stream(speech(3))
    handle = Handle(speak=lambda *arguments: stream)
    pieces = [piece async for piece in stages(speech=handle).speak("a", "b", 1.0)]
    assert len(pieces) == 3
    assert handle.options_seen == [{"stream": True}]
    assert not stream.cancelled


async def test_a_listener_who_leaves_stops_the_speaker() -> None:
    stream = Stream(speech(1000))
    spoken: Any = stages(speech=Handle(speak=lambda *arguments: stream)).speak("a", "b", 1.0)
    await anext(spoken)
    await spoken.aclose()
    assert stream.cancelled


async def test_an_error_in_the_middle_of_a_stream_arrives_too() -> None:
    stream = Stream(speech(1, over_ray(AvatarError("unknown_voice", "None."))))
    spoken = stages(speech=Handle(speak=lambda *arguments: stream)).speak("a", "b", 1.0)
    with pytest.raises(AvatarError, match=r"None\.") as caught:
        [piece async for piece in spoken]
    assert caught.value.code == "unknown_voice"


async def test_about_tells_each_stages_state_and_wakes_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("serve.handles._ABOUT_SECONDS", 0.05)
    woken: list[str] = []

    def reports(state: str) -> Handle:
        async def about() -> dict[str, str]:
            woken.append(state)
            if state == "slow":
                await asyncio.sleep(5)
            if state == "broken":
                raise over_ray(AvatarError("weights_missing", "Fetch them."))
            return {"state": state, "engine": "x"}

        return Handle(about=about)

    async def running() -> dict[str, Running]:
        one = Running(1)
        rest = dict.fromkeys(("Speech", "Encode", "Director", "Lipsync"), one)
        asleep = Running(0, "some:Engine", {"model": "a"}, {"engine": "some:Check"})
        return {"Portrait": asleep, "Face": Running(2), **rest}

    made = HandleStages(
        reports("asleep"), reports("ready"), reports("slow"), reports("broken"), reports("ready"),
        reports("ready"), running,
    )  # fmt: skip
    told = await made.about()
    assert told["portrait"] == {
        "state": "at_zero",
        "engine": "some:Engine",
        "options": {"model": "a"},
        "check": {"state": "at_zero", "engine": "some:Check"},
        "replicas": 0,
    }
    assert told["face"] == {"state": "ready", "engine": "x", "replicas": 2}
    assert told["speech"] == {"state": "starting", "replicas": 1}
    assert (told["encode"]["state"], told["encode"]["error"]) == ("failed", "weights_missing")
    assert told["lipsync"]["state"] == told["director"]["state"] == "ready"
    assert "asleep" not in woken


def cloning_stages(
    running: dict[str, Running], cloning: Handle | None, adopts: tuple[str, ...] = ("kokoro",)
) -> HandleStages:
    async def about() -> dict[str, Any]:
        return {"state": "ready", "adopts": list(adopts)}

    async def deployed() -> dict[str, Running]:
        return running

    others = [Handle(about=about) for _ in range(5)]
    return HandleStages(*others, deployed=deployed, to_cloning=cloning)


@pytest.mark.parametrize(
    ("running", "adopts", "said"),
    [
        ({"Cloning": Running(0)}, ("kokoro",), "names no engine"),
        ({"Cloning": Running(0, "some:Cloner")}, (), "No speech engine"),
    ],
)
async def test_where_voices_cannot_be_cloned_the_command_that_helps_is_told(
    running: dict[str, Running], adopts: tuple[str, ...], said: str
) -> None:
    made = cloning_stages(running, Handle(), adopts)
    with pytest.raises(
        AvatarError, match=r"avatar-serve serve --config config/voices\.yaml"
    ) as caught:
        await made.require_cloning()
    assert caught.value.code == "weights_missing"
    assert said in caught.value.message


async def test_a_cloning_stage_without_an_engine_is_off() -> None:
    made = cloning_stages({"Cloning": Running(0)}, Handle())
    assert (await made.about())["cloning"] == {"state": "off", "replicas": 0}
    made = cloning_stages({"Cloning": Running(0, "some:Cloner")}, Handle())
    assert (await made.about())["cloning"]["state"] == "at_zero"
    await made.require_cloning()


async def test_whoever_leaves_a_cloning_stops_it() -> None:
    async def steps() -> AsyncIterator[Any]:
        for n in range(1000):
            yield n / 1000

    stream = Stream(steps())
    running = {"Cloning": Running(0, "some:Cloner")}
    made = cloning_stages(running, Handle(clone=lambda *arguments: stream))
    cloning: Any = made.clone(Sound(np.zeros(9, np.float32), 48_000), "en-US")
    assert await anext(cloning) == 0.0
    await cloning.aclose()
    assert stream.cancelled


async def test_a_director_that_died_over_a_job_is_told_from_one_out_of_reach() -> None:
    def fails(error: Exception) -> Handle:
        async def run(job_id: str) -> None:
            raise error

        return Handle(run=run)

    with pytest.raises(DirectorDied):
        await stages(director=fails(ActorDiedError())).run_job("vid_1")
    away = ActorUnavailableError("away", None)
    with pytest.raises(AvatarError) as caught:
        await stages(director=fails(away)).run_job("vid_1")
    assert caught.value.code == "overloaded"


async def test_a_painting_that_nobody_waits_for_is_called_off() -> None:
    class Painting(asyncio.Future[None]):
        """What a handle's call gives: awaiting it and calling it off are two things."""

        called_off = 0

        def cancel(self, msg: Any = None) -> bool:
            type(self).called_off += 1
            return super().cancel(msg)

    painting = Painting()
    waiting = asyncio.ensure_future(
        stages(portrait=Handle(paint=lambda *_: painting)).paint("words", 3)
    )
    await asyncio.sleep(0)
    waiting.cancel()  # cancels what is awaited once by itself
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert Painting.called_off == 2
