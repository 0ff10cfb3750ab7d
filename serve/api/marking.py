"""Marks on answers: a header that says AI made it, and credentials in files that are whole."""

from anyio.to_thread import run_sync

from media.credentials import Claim
from media.marks import HEADER, SourceType
from serve.api.services import Services
from serve.marking.signer import open_credentials


def header(source: SourceType | str | None) -> dict[str, str]:
    """The header of an answer that carries what came about so; none where AI had no part."""
    return {} if source is None else {HEADER: SourceType(source).uri}


async def signed(services: Services, data: bytes, media_type: str, claim: Claim) -> bytes:
    """The file with its credentials. Raises AvatarError."""

    def sign() -> bytes:
        return open_credentials(services.settings).sign(data, media_type, claim)

    return await run_sync(sign)
