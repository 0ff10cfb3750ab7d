"""What keeps a configuration from being used for anything: the part of `doctor` that says so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from serve.findings import Check
from serve.policies.asking import open_policy
from serve.settings import Settings

_GUIDE: Final = "see docs/operations/safety.md"


def safety(settings: Settings, config: Path) -> Iterator[Check]:
    """Whether pictures are looked at, words are judged, and photos need consent."""
    yield _pictures(config)
    yield _policy(settings)
    demanded = "demanded" if settings.photo_consent else "taken, not demanded"
    yield Check("consent to photos", "ok" if settings.photo_consent else "note", demanded)


def _pictures(config: Path) -> Check:
    """What the face stage has that looks at pictures; its weights are a finding of their own."""
    checks = [user["check"] for user in _user_configs(config) if user.get("check")]
    if not checks:
        return Check("pictures", "note", f"{config.name} has none of them checked", _GUIDE)
    return Check("pictures", "ok", f"checked by {checks[0].get('engine')}")


def _user_configs(config: Path) -> Iterator[dict[str, Any]]:
    for application in yaml.safe_load(config.read_text(encoding="utf-8"))["applications"]:
        for deployment in application.get("deployments", []):
            yield deployment.get("user_config") or {}


def _policy(settings: Settings) -> Check:
    try:
        asking = open_policy(settings)
    except Exception as error:  # an operator's own code: whatever it raises stops the service
        detail = f"{settings.policy} cannot be opened ({type(error).__name__}: {error})"
        return Check("words", "fail", detail, "mend AVATAR_POLICY or AVATAR_POLICY_OPTIONS")
    if asking is None:
        return Check("words", "note", "no policy judges them", _GUIDE)
    asking.close()
    return Check("words", "ok", f"judged by {settings.policy}")
