"""The listener's own certificate: servers that bring mail may encrypt the line (STARTTLS, RFC 3207).

Part of the e-mail channel, used by `channels.email.listener`. The files are read again when they change, so a renewed
certificate is shown without a restart.
"""

import ssl
from pathlib import Path

from core import log
from core.errors import StartError
from core.settings import Settings

_log = log.get(__name__)


class Certificate:
    """A certificate with its key, as files.

    Args:
        settings: names the files; without them nothing is offered.

    Raises:
        StartError: one of the two is missing, or they cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        self._cert, self._key = settings.smtp_tls_cert, settings.smtp_tls_key
        self._read: tuple[float, float] | None = None
        self._context: ssl.SSLContext | None = None
        if bool(self._cert) != bool(self._key):
            raise StartError("SAMPARK_SMTP_TLS_CERT and SAMPARK_SMTP_TLS_KEY are needed both, or neither.")
        if self._cert:
            try:
                self._load()
            except OSError as problem:
                raise StartError(f"The certificate of the mail listener cannot be used: {problem}") from None

    def context(self) -> ssl.SSLContext | None:
        """What TLS is made with; None when none is offered. Files that became unusable leave the last good ones."""
        if self._cert:
            try:
                self._load()
            except OSError as problem:
                _log.warning("the renewed certificate of the mail listener cannot be used", reason=str(problem))
        return self._context

    def _load(self) -> None:
        changed = (Path(self._cert).stat().st_mtime, Path(self._key).stat().st_mtime)
        if changed == self._read:
            return
        fresh = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        fresh.load_cert_chain(self._cert, self._key)
        self._context, self._read = fresh, changed
