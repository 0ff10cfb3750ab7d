"""Settings of the service, from the environment (AVATAR_…) and nowhere else."""

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from platformdirs import user_cache_path, user_data_path
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from serve.webhooks.signing import read_secrets

_SECRET: Final = 32  # characters


class Settings(BaseSettings):
    """Where things lie and how much is let in."""

    model_config = SettingsConfigDict(env_prefix="AVATAR_", frozen=True, hide_input_in_errors=True)

    data_dir: Path = Field(default_factory=lambda: user_data_path("avatar-serve"))
    """Embedded database and artifacts; created on first use."""
    weights_dir: Path = Field(default_factory=lambda: user_cache_path("avatar-serve") / "weights")
    """Verified weights, by name."""
    weights_source: Path | None = None
    """A folder of the operator's that is looked in before any registry."""

    database_url: str = ""
    """postgresql://USER:PASSWORD@HOST/NAME; empty: SQLite in data_dir."""
    database_migrate: bool = True
    """Bring the tables up to date when a process opens them; off: `avatar-serve database upgrade`
    does."""
    database_connections: int = Field(default=10, ge=2)
    """Connections to PostgreSQL that one replica keeps at most."""
    storage_url: str = ""
    """Object store URL; empty: a folder in data_dir."""
    keep_results_seconds: float = Field(default=7 * 86_400.0, ge=0)
    """How long a video, and what it was made from, is kept once it is over; 0: for ever."""
    keep_usage_days: int = Field(default=90, ge=1)
    """How many days it is known how many seconds of video each owner had made on them."""
    keep_unnamed_seconds: float = Field(default=3600.0, ge=600)
    """Age at which an artifact goes that no record names, pictures under links of their own too;
    longer than any request takes."""

    max_upload_bytes: int = 64 * 1024 * 1024
    max_picture_pixels: int = 50_000_000
    max_sound_seconds: float = 1800.0
    max_text_characters: int = 40_000
    max_speech_characters: int = 4096
    """Of `input` in POST /v1/audio/speech; OpenAI's limit. What is spoken waits in memory for a
    client that reads slowly: 0.2 MB a second of speech, 50 MB for these."""
    voice_names: dict[str, str] = Field(default_factory=dict)
    """Other names for voices in POST /v1/audio/speech, as JSON: {"alloy": "heart"}."""
    max_active_jobs: int = 64
    """Queued and running jobs beyond which new ones get `too_many_jobs`."""
    max_active_voices: int = Field(default=8, ge=1)
    """Voices being made beyond which new samples get `too_many_jobs`."""
    max_images: int = Field(default=10, ge=1, le=10)
    """Pictures that one call of /v1/images/generations may ask for."""
    public_url: str = ""
    """Address that clients know the service by, for links that are sent whole; empty: the one that
    the request came to. Needed behind a proxy that ends TLS."""
    cors_origins: list[str] = Field(default_factory=list)
    """Origins whose pages may call the service from browsers, as JSON:
    ["https://shop.example.com"]. None: the service's own page alone."""
    access_key: SecretStr = SecretStr("")
    """The access key that commands bring to a server."""
    idempotency_seconds: float = Field(default=86_400.0, gt=0)
    """How long an Idempotency-Key stands for its first request."""
    link_secret: SecretStr = SecretStr("")
    """Signs links that show a video to others: 32 characters or more, several parted by spaces
    while one replaces another. Empty: a file in data_dir, or no links where records or artifacts
    are kept elsewhere."""
    default_side: int = 1280
    """Longest side of a video whose size is `auto`."""

    signing_certificate: str = ""
    """Signs the Content Credentials of what is given out: the certificate, then those that vouch
    for it, as PEM or the name of a file with it. Empty: a development certificate that is made in
    data_dir."""
    signing_key: SecretStr = SecretStr("")
    """The certificate's key, as PEM without a password or the name of a file with it."""
    signing_timestamp_url: str = ""
    """A time-stamping authority (RFC 3161) that is called at each signing; empty: none is."""
    label_always: bool = False
    """Every video shows that AI made it; off: those whose request asks for it."""
    photo_consent: bool = False
    """Take a person's photo only with the statement that the person agrees."""
    policy: str = Field(default="", pattern=r"^(\w+(\.\w+)*:\w+)?$")
    """Who says which words may be spoken, shown and painted: module and class
    (`serve.policies.policy`), `serve.policies.words:Words`. Empty: all may."""
    policy_options: dict[str, Any] = Field(default_factory=dict)
    """What the policy's `load` takes, as JSON."""
    policy_seconds: float = Field(default=2.0, gt=0)
    """How long the policy may take; what it has not answered by then is refused for now."""

    webhook_secret: SecretStr = SecretStr("")
    """Signs webhook messages: whsec_…, several parted by spaces while one replaces another. Empty:
    none are sent."""
    webhook_http: bool = False
    """Let messages go to http:// addresses too."""
    webhook_private: bool = False
    """Let messages go to addresses that are not public, such as those of one's own network."""
    webhook_tries: int = Field(default=10, ge=1)
    """How often a message is sent until it is given up; ten tries take about a day."""

    @field_validator("webhook_secret")
    @classmethod
    def _secrets_can_sign(cls, secret: SecretStr) -> SecretStr:
        read_secrets(secret.get_secret_value())
        return secret

    @field_validator("signing_timestamp_url")
    @classmethod
    def _authorities_are_urls(cls, url: str) -> str:
        if url and urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("must be an http or https address")
        return url

    @field_validator("cors_origins")
    @classmethod
    def _origins_are_whole(cls, origins: list[str]) -> list[str]:
        for origin in origins:
            parts = urlsplit(origin)
            whole = f"{parts.scheme}://{parts.netloc}"
            if parts.scheme not in ("http", "https") or origin != whole:
                raise ValueError("each is an origin such as https://shop.example.com")
        return origins

    @field_validator("link_secret")
    @classmethod
    def _secrets_are_long(cls, secret: SecretStr) -> SecretStr:
        if any(len(word) < _SECRET for word in secret.get_secret_value().split()):
            raise ValueError(
                f"needs {_SECRET} characters or more: make one with openssl rand -base64 32"
            )
        return secret

    def database(self) -> str:
        """The URL of the records' database."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'records.sqlite3'}"

    def storage(self) -> str:
        """The URL of the artifacts' store."""
        return self.storage_url or (self.data_dir / "artifacts").absolute().as_uri()
