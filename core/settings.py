"""Settings: read once at start from the environment, then from a file, then the defaults here.

Precedence: environment variable, ``.env`` in the working folder, default; an empty value counts as none. The table in
``docs/reference/settings.md`` is generated from this class and checked in the tests.
"""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from core.errors import StartError

SHORTEST_HISTORY_DAYS: Final = 90


def _beside(known: dict[str, int], by: int) -> int:
    """A port above the mail listener's, so that several copies need no further setting; 0 (any) where there is none."""
    port = known.get("smtp_port", 0)
    return port + by if 0 < port <= 65535 - by else 0


class Settings(BaseSettings):
    """Everything an administrator can set. Environment names are ``SAMPARK_`` + the upper-case name."""

    model_config = SettingsConfigDict(
        env_prefix="SAMPARK_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: str = Field(
        "",
        validation_alias=AliasChoices("DATABASE_URL", "SAMPARK_DATABASE_URL"),
        description="PostgreSQL 15+ to use, e.g. postgresql://user:password@host/name. Empty: the embedded one.",
    )
    data: Path = Field(Path("data"), description="Folder for the embedded database, files and simulated mailboxes.")
    http_host: str = Field("127.0.0.1", description="Address the web server listens on.")
    http_port: int = Field(8000, ge=0, le=65535, description="Port of the web server.")
    smtp_host: str = Field("127.0.0.1", description="Address the mail listener (SMTP) listens on.")
    smtp_port: int = Field(2525, ge=0, le=65535, description="Port of the mail listener (SMTP).")
    lmtp_host: str = Field("127.0.0.1", description="Address the mail listener listens on for LMTP.")
    lmtp_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port where mail is taken by LMTP as well, for a mail server in front. Empty: none.",
    )
    public_url: str = Field("", description="Address under which people reach the desk. Empty: http://HOST:PORT.")
    files_url: str = Field(
        "",
        description="Address of this desk under another host name, from which attachments are served, e.g. "
        "https://files.example.org. Empty: the desk's own.",
    )
    smtp_tls_cert: str = Field(
        "", description="PEM file with the mail listener's certificate: it then offers STARTTLS."
    )
    smtp_tls_key: str = Field("", description="PEM file with the key of that certificate.")
    mail_domain: str = Field("sampark.localhost", description="Domain of our Message-IDs and of the first mailbox.")
    secret: SecretStr = Field(
        SecretStr(""), description="Key that signs tokens. Empty: made once and kept in the data folder."
    )
    simulator: bool = Field(default=False, description="Run the simulated mailbox world beside the product.")
    simulator_play: str = Field(
        "",
        description="What the simulated customers do by themselves: loop, ping-pong, bounces, holidays, newsletters, "
        "or a file (JSON) that says it. Empty: nothing.",
    )
    simulator_smtp_port: int = Field(
        default_factory=lambda known: _beside(known, 1),
        ge=0,
        le=65535,
        description="Port where the simulator accepts our outgoing mail. Empty: one above SAMPARK_SMTP_PORT.",
    )
    simulator_imap_port: int = Field(
        default_factory=lambda known: _beside(known, 2),
        ge=0,
        le=65535,
        description="Port where the simulator's mailboxes can be read. Empty: two above SAMPARK_SMTP_PORT.",
    )
    product_name: str = Field("Sampark", description="Name shown in the console, the portal and mails.")
    brand_hue: int = Field(268, ge=0, le=360, description="Hue (degrees) of the console's one brand colour.")
    portal_hue: int = Field(
        172, ge=0, le=360, description="Hue (degrees) of the portal's colour while no brand says otherwise."
    )
    default_locale: Literal["en", "hi", "mr", "bn", "kn"] = Field(
        "en", description="Language of a new agent or visitor: en, hi, mr, bn or kn."
    )
    default_country: str = Field("IN", description="Country of telephone numbers written without one (ISO 3166).")
    undo_send_seconds: int = Field(5, ge=0, le=120, description="How long a reply can be taken back before it is sent.")
    sending_stale_seconds: int = Field(
        660, ge=1, description="Seconds after which a message that was half handed over counts as unknown."
    )
    automatic_mail_per_hour: int = Field(
        500, ge=1, description="Automatic mails of the whole desk in an hour that stop all of them until released."
    )
    chat_gone_seconds: int = Field(
        120, ge=30, description="Seconds without a page of the site open after which a chat goes on by e-mail."
    )
    session_days: int = Field(14, ge=1, description="Days until an unused sign-in ends.")
    portal_session_days: int = Field(30, ge=1, description="Days until a customer's unused sign-in on the portal ends.")
    secure_cookies: bool = Field(default=False, description="Send cookies over HTTPS only. Set it behind TLS.")
    max_mail_bytes: int = Field(52_428_800, ge=65_536, description="Largest mail taken in, in bytes.")
    max_upload_bytes: int = Field(
        26_214_400, ge=1024, description="Largest file an agent or customer may attach, in bytes."
    )
    upload_days: int = Field(
        30,
        ge=0,
        description="Days until a file that was uploaded and put into no message is forgotten, also one of a new "
        "conversation that waits unsent on an agent's device. 0: never.",
    )
    token_days: int = Field(
        30,
        ge=0,
        description="Days until sign-ins and links that have ended are forgotten. 0: never.",
    )
    raw_mail_days: int = Field(
        0,
        ge=0,
        description="Days until the bytes of what came in are forgotten; tickets, files and the ledger's rows stay. "
        "0: never.",
    )
    notice_days: int = Field(
        365,
        ge=0,
        description="Days until mails of the desk that belong to no conversation are forgotten once they have left or "
        "failed (at least 90): to agents, about products, sign-ins, surveys. 0: never.",
    )
    visit_days: int = Field(
        730,
        ge=0,
        description="Days until what visitors looked for and read is forgotten (at least 90): the knowledge base's "
        "reports reach back no further. 0: never.",
    )
    job_log_days: int = Field(
        30,
        ge=0,
        description="Days until the queue's own log of finished jobs is forgotten. 0: never.",
    )
    automation_days: int = Field(
        90,
        ge=0,
        description="Days until the log of rules, and what webhooks were told, are forgotten. 0: never.",
    )
    event_days: int = Field(
        0,
        ge=0,
        description="Days until events are forgotten (at least 90): histories and reports reach back no further. "
        "0: never.",
    )
    agent_capacity: int = Field(8, ge=1, description="Open tickets that routing gives an agent by default.")
    worker_concurrency: int = Field(10, ge=2, le=200, description="Jobs that one worker process runs at the same time.")
    db_pool: int = Field(16, ge=2, description="Database connections that one process may hold.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR."
    )
    log_json: bool = Field(default=False, description="Write the log as JSON lines.")
    meilisearch_url: str = Field(
        "", description="Meilisearch server that answers searches, e.g. http://127.0.0.1:7700. Empty: PostgreSQL does."
    )
    meilisearch_key: SecretStr = Field(
        SecretStr(""), description="API key for it that may search, write documents and manage indexes."
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        ("127.0.0.1", "::1"),
        description="Proxies whose X-Forwarded-For and -Proto are believed (comma separated).",
    )

    trusted_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Private networks in which mail servers and sign-in servers may stand, such as 10.0.0.0/8 "
        "(comma separated). Connections to public addresses are always allowed.",
    )

    metrics_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (
            "127.0.0.0/8",
            "::1/128",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "fc00::/7",
            "fe80::/10",
        ),
        description="Networks from which /metrics may be read (comma separated).",
    )
    metrics_token: SecretStr = Field(
        SecretStr(""), description="Bearer token with which /metrics may be read from anywhere. Empty: none."
    )

    @field_validator("trusted_networks", "metrics_networks")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            ip_network(each)
        return value

    @field_validator("trusted_proxies", "trusted_networks", "metrics_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("event_days", "notice_days", "visit_days")
    @classmethod
    def _is_long(cls, value: int) -> int:
        if 0 < value < SHORTEST_HISTORY_DAYS:
            raise ValueError(f"0, or at least {SHORTEST_HISTORY_DAYS}")
        return value

    @field_validator("files_url")
    @classmethod
    def _origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/")):
            raise ValueError("an address such as https://files.example.org is needed")
        return f"{parts.scheme}://{parts.netloc}" if value else ""

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def base_url(self) -> str:
        """The public address without a slash at the end."""
        return (self.public_url or f"http://{self.http_host}:{self.http_port}").rstrip("/")


def load(**overrides: object) -> Settings:
    """Read the settings.

    Args:
        overrides: values that win over everything (tests, command-line options).

    Raises:
        StartError: a value is wrong; the sentence names it.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # names are checked by pydantic at run time
    except ValidationError as problem:
        first = problem.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        name = name if name == "DATABASE_URL" else f"SAMPARK_{name}"
        raise StartError(f"Setting {name} is wrong: {first['msg']}.") from None
