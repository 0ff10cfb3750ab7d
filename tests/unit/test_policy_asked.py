"""The operator's policy is asked before words are spoken, shown or painted."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from serve.api.app import create_app
from serve.api.services import Services
from serve.commands.private import LOCAL_CONFIG
from serve.policies.asking import Asking, open_policy
from serve.policies.policy import Refusal, Wording
from serve.settings import Settings
from tests.conftest import Stored, ask, check_refusal, nothing_is_left
from tests.fakes import FakeStages, png, tone, wav
from tests.policies import (
    REFUSAL,
    Broken,
    NoFools,
    NoFoolsLater,
    Slow,
    SlowLater,
    Undecided,
)

SPEECH = {"model": "tts-1", "voice": "anna"}
SENT: list[tuple[str, dict[str, Any], str]] = [
    ("/v1/videos", {"json": {"avatar": "mira", "text": "You fool."}}, "text"),
    ("/v1/videos", {"json": {"avatar_prompt": "a fool", "text": "Hi."}}, "avatar_prompt"),
    (
        "/v1/videos",
        {
            "data": {"avatar": "mira", "transcript": "You fool."},
            "files": {"audio": ("a", wav(tone(1)))},
        },
        "transcript",
    ),
    ("/v1/videos?stream=true", {"json": {"avatar": "mira", "text": "You fool."}}, "text"),
    ("/v1/avatars", {"json": {"prompt": "a fool"}}, "prompt"),
    ("/v1/images/generations", {"json": {"prompt": "a fool"}}, "prompt"),
    ("/v1/audio/speech", {"json": SPEECH | {"input": "You fool."}}, "input"),
]
"""Calls with a word that is refused, and the parameter that it stands in."""
IDS = [f"{path} {param}" for path, _, param in SENT]
MADE = {"paint", "speak", "run_job"}
"""Calls of stages that make something of words."""


@pytest.fixture
def policy() -> NoFools:
    return NoFools()


@pytest.fixture
def rules() -> list[str]:
    """Those that were broken, as metrics count them."""
    return []


@pytest.fixture
async def judged(
    services: Services, policy: NoFools, rules: list[str]
) -> AsyncIterator[httpx.AsyncClient]:
    asking = Asking("tests.policies:NoFools", policy, 5.0, rules.append)
    async with judged_by(services, asking) as opened:
        yield opened


@asynccontextmanager
async def judged_by(services: Services, asking: Asking) -> AsyncIterator[httpx.AsyncClient]:
    """A server that asks this policy, closed with it as a replica closes its own."""
    with closing(asking):
        async with client_of(replace(services, policy=asking)) as opened:
            yield opened


def client_of(services: Services) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(services, access="open"))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.mark.parametrize(("path", "sent", "param"), SENT, ids=IDS)
async def test_refused_words_are_refused_with_the_policys_reason_before_anything_is_made(
    services: Services,
    stages: FakeStages,
    stored: Stored,
    path: str,
    sent: dict[str, Any],
    param: str,
) -> None:
    async with judged_by(services, Asking("p", NoFools(), 5.0)) as client:
        answer = await client.post(path, **sent)
        status = 400 if "images" in path or "speech" in path else 422
        check_refusal(answer, "content_refused", param, status)
        assert answer.json()["error"]["message"] == REFUSAL.reason
        await nothing_is_left(client, stored)
    assert not MADE & set(stages.calls)


async def test_other_words_are_let_through(judged: httpx.AsyncClient, rules: list[str]) -> None:
    assert (await ask(judged)).status_code == 202
    speech = await judged.post("/v1/audio/speech", json=SPEECH | {"input": "Hello."})
    assert speech.status_code == 200
    assert (await judged.post("/v1/avatars", json={"prompt": "a man"})).status_code == 201
    images = await judged.post("/v1/images/generations", json={"prompt": "a man"})
    assert images.status_code == 200
    assert rules == []


async def test_refusals_are_counted_by_their_rule(
    judged: httpx.AsyncClient, rules: list[str]
) -> None:
    for _ in range(2):
        await ask(judged, text="fool")
    assert rules == ["no-fools", "no-fools"]


async def test_a_policy_hears_use_language_and_owner(
    judged: httpx.AsyncClient, policy: NoFools
) -> None:
    await ask(judged, text="Hello.", avatar="mira")
    await judged.post("/v1/avatars", json={"prompt": "a man"})
    assert policy.asked == [
        Wording("speech", "Hello.", "Hello.", (), "en-US", "local"),
        Wording("portrait", "a man", "a man", (), None, "local"),
    ]
    assert all(name.startswith("policy") for name in policy.threads), "never in the event loop"


async def test_of_ssml_it_hears_what_is_shown_and_what_is_said(
    judged: httpx.AsyncClient, policy: NoFools
) -> None:
    text = (
        '<speak>A <sub alias="fool">wise</sub> <phoneme alphabet="ipa" ph="mæn">man</phoneme>'
        ' and a f<break time="1ms"/>ool &amp; co</speak>'
    )
    check_refusal(await ask(judged, text=text), "content_refused", "text")
    (heard,) = policy.asked
    assert heard.written == "A wise man and a fool & co"
    assert heard.heard == "A fool man and a fool & co"
    assert heard.phonemes == ("mæn",)


async def test_names_and_metadata_are_nobodys_words_to_speak(
    judged: httpx.AsyncClient, policy: NoFools
) -> None:
    assert (await ask(judged, metadata={"for": "a fool"})).status_code == 202
    files = {"image": ("x", png())}
    named = await judged.post("/v1/avatars", data={"name": "fool"}, files=files)
    assert named.status_code == 201
    assert [one.written for one in policy.asked] == ["Hello there."]


@pytest.mark.parametrize(("path", "sent", "param"), SENT, ids=IDS)
async def test_without_an_answer_nothing_is_made(
    services: Services,
    stages: FakeStages,
    caplog: pytest.LogCaptureFixture,
    path: str,
    sent: dict[str, Any],
    param: str,
) -> None:
    caplog.set_level(logging.INFO)
    async with judged_by(services, Asking("p", Broken(), 5.0)) as client:
        check_refusal(await client.post(path, **sent), "overloaded", None, 503)
    assert not MADE & set(stages.calls)
    assert "policy p does not answer" in caplog.text
    assert "fool" not in caplog.text, "logs hold nothing of the words"


async def test_a_policy_may_be_a_coroutine(services: Services) -> None:
    async with judged_by(services, Asking("p", NoFoolsLater(), 5.0)) as client:
        check_refusal(await ask(client, text="fool"), "content_refused", "text")
        assert (await ask(client)).status_code == 202


@pytest.mark.parametrize("kind", [Undecided, Slow, SlowLater])
async def test_what_is_no_answer_or_comes_too_late_is_none(
    services: Services, kind: type[NoFools]
) -> None:
    async with judged_by(services, Asking("p", kind(), 0.05)) as client:
        check_refusal(await ask(client), "overloaded", None, 503)


async def test_threads_that_hang_are_few_and_what_waits_for_them_is_refused(
    services: Services,
) -> None:
    asking = Asking("p", Slow(), 0.05)
    async with judged_by(services, asking) as client:
        for _ in range(8):
            check_refusal(await ask(client), "overloaded", None, 503)
    assert len(asking.threads._threads) <= 4


async def test_a_refused_request_leaves_its_key_free(judged: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "one"}
    body = {"avatar": "mira", "text": "fool"}
    assert (await judged.post("/v1/videos", json=body, headers=headers)).status_code == 422
    body["text"] = "friend"
    assert (await judged.post("/v1/videos", json=body, headers=headers)).status_code == 202


async def test_the_system_tells_which_policy_judges(services: Services) -> None:
    async with client_of(services) as client:
        assert (await client.get("/v1/system")).json()["policy"] is None
    named = services.settings.model_copy(update={"policy": "mine.own:Policy"})
    async with client_of(replace(services, settings=named)) as client:
        assert (await client.get("/v1/system")).json()["policy"] == "mine.own:Policy"


def test_a_policy_is_opened_by_the_settings() -> None:
    assert open_policy(Settings(policy="")) is None
    opened = open_policy(Settings(policy="tests.policies:NoFools", policy_seconds=1.5))
    assert opened is not None
    assert isinstance(opened.policy, NoFools)
    assert opened.seconds == 1.5


@pytest.mark.parametrize(
    ("policy", "options", "said"),
    [
        ("nowhere.to.be:Found", {}, "cannot be imported"),
        ("tests.policies:Nothing", {}, "cannot be imported"),
        ("tests.policies:REFUSAL", {}, "has no load"),
        ("tests.policies:NoFools", {"speed": 1}, "speed"),
        ("serve.policies.words:Words", {"file": "/nowhere.toml"}, "nowhere"),
    ],
)
def test_a_policy_that_cannot_be_opened_stops_the_start(
    policy: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises((ValueError, TypeError, OSError), match=said):
        open_policy(Settings(policy=policy, policy_options=options))


@pytest.mark.parametrize("name", ["no colon", "a:b:c", "../x:Y", "a.b"])
def test_a_name_that_is_no_class_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="policy"):
        Settings(policy=name)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [("", "No."), ("You fool", "No."), ("x" * 41, "No."), ("a", ""), ("a", "x" * 301)],
)
def test_a_refusal_has_a_rules_name_and_a_short_reason(rule: str, reason: str) -> None:
    with pytest.raises(ValueError, match="rule"):
        Refusal(rule, reason)


async def test_the_guides_example_is_a_policy(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = (LOCAL_CONFIG.parents[1] / "docs" / "operations" / "safety.md").read_text()
    (tmp_path / "guided.py").write_text(guide.split("```python\n")[1].split("```")[0])
    monkeypatch.syspath_prepend(tmp_path)
    options = {"most": 3}
    asking = open_policy(Settings(policy="guided:Quiet", policy_options=options))
    assert asking is not None
    async with judged_by(services, asking) as client:
        assert (await ask(client, text="Hi!!!")).status_code == 202
        refused = await ask(client, text="Hi!!!!")
    check_refusal(refused, "content_refused", "text")
