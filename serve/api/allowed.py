"""Asks the operator's policy about what a request wants spoken, shown or painted."""

from functools import partial

from anyio.to_thread import run_sync

from media.ssml import is_ssml, parse
from serve.api.services import Services
from serve.policies.policy import Use, Wording


async def require_allowed(
    services: Services,
    use: Use,
    words: str | None,
    *,
    param: str,
    owner: str,
    language: str | None = None,
) -> None:
    """Raise AvatarError `content_refused` for words that the policy refuses.

    `overloaded` where it fails, `invalid_request` for SSML that is none. Without a policy, or
    words, nothing is asked.
    """
    if services.policy is None or not words:
        return
    about = partial(Wording, use, language=language, owner=owner)
    marked = use == "speech" and is_ssml(words)
    wording = await run_sync(_unmarked, words, param, about) if marked else about(words, words)
    await services.policy.require(wording, param=param)


def _unmarked(text: str, param: str, about: partial[Wording]) -> Wording:
    """What a text in SSML shows and says."""
    spans = parse(text, param=param)
    return about(
        "".join(span.text for span in spans),
        "".join(span.text if span.alias is None else span.alias for span in spans),
        tuple(span.ipa for span in spans if span.ipa is not None),
    )
