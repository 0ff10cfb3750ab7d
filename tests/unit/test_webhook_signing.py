"""Signatures of webhook messages, as receivers check them."""

import base64
import json
import time

import pytest
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from serve.settings import Settings
from serve.webhooks.signing import read_secrets, sign

OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
NEW = "whsec_" + base64.b64encode(b"n" * 24).decode()
PAYLOAD = json.dumps({"type": "video.completed", "data": {"name": "Zoë"}}).encode()


def test_the_reference_implementation_accepts_a_message() -> None:
    headers = sign(read_secrets(OLD), "msg_1", int(time.time()), PAYLOAD)
    assert Webhook(OLD).verify(PAYLOAD, headers)["type"] == "video.completed"


@pytest.mark.parametrize("secret", [OLD, NEW])
@pytest.mark.parametrize("between", [" ", ",", ", "])
def test_while_secrets_change_either_one_verifies(secret: str, between: str) -> None:
    headers = sign(read_secrets(f"{NEW}{between}{OLD}"), "msg_1", int(time.time()), PAYLOAD)
    Webhook(secret).verify(PAYLOAD, headers)


@pytest.mark.parametrize("change", ["payload", "id", "time", "secret"])
def test_a_changed_message_does_not_verify(change: str) -> None:
    at = int(time.time())
    headers = sign(read_secrets(OLD), "msg_1", at, PAYLOAD)
    if change == "id":
        headers["webhook-id"] = "msg_2"
    if change == "time":
        headers["webhook-timestamp"] = str(at + 1)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW if change == "secret" else OLD).verify(
            PAYLOAD + b" " if change == "payload" else PAYLOAD, headers
        )


@pytest.mark.parametrize(
    "words",
    ["secret", OLD.removeprefix("whsec_"), "whsec_", "whsec_c2hvcnQ=", "whsec_!" + "a" * 40],
)
def test_a_secret_that_cannot_sign_stops_the_service_without_being_shown(
    words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVATAR_WEBHOOK_SECRET", f"{OLD} {words}")
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert "openssl rand" in str(caught.value)
    assert OLD not in str(caught.value)


def test_settings_do_not_show_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVATAR_WEBHOOK_SECRET", OLD)
    assert OLD not in repr(Settings())
