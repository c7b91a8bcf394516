"""Addresses of files that need no cookie: whoever may see a message gets them with it, and they end after a day.

``/files/{token}/{name}``, token = id, hour of its end, HMAC. A page that shows a stranger's mail must not be able to
ask for anything with the agent's cookie, and may come from another origin (setting ``SAMPARK_FILES_URL``), so the
address itself is the proof. All addresses of one hour are the same, so that browsers can keep what they have.
Made for every view with files, read by ``agent_ui/downloads.py``. What is stored (messages, drafts) names a file by
``/api/attachments/{id}`` instead, which never ends; it is put in and taken out here.
"""

import base64
import hashlib
import hmac
import html
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal
from urllib.parse import quote

from core import clock

LIFETIME: Final = timedelta(hours=24)
_HOUR: Final = 3600
_TOKEN: Final = re.compile(r"([1-9]\d{0,18})\.(\d{1,8})\.([A-Za-z0-9_-]{22})")
_SIGNED: Final = re.compile(
    r"(\ssrc=)([\"'])(?:https?://[^/\"'<>\s]+)?/files/([\w.-]{1,80})/[^\"'<>\s]*\2", re.IGNORECASE
)
_STORED: Final = re.compile(r"(\ssrc=)([\"'])(?:https?://[^/\"'<>\s]+)?/api/attachments/(\d{1,18})\2", re.IGNORECASE)


class FileLinks:
    """Makes and reads the addresses of files.

    Args:
        secret: the installation's key.
        origin: where files are served, without a slash at the end; empty: beside everything else.
        kind: whose files they are: ``files`` of messages, or ``article-files``; an address of one is none of the other.
    """

    def __init__(self, secret: str, origin: str = "", kind: Literal["files", "article-files"] = "files") -> None:
        purpose = "file-link" if kind == "files" else kind
        self._key = hashlib.sha256(f"{purpose}:{secret}".encode()).digest()
        self._kind = kind
        self.origin = origin.rstrip("/")

    def _sign(self, attachment_id: int, hour: int) -> str:
        digest = hmac.new(self._key, f"{attachment_id}.{hour}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")

    def url(self, attachment_id: int, name: str) -> str:
        """The address of a file from now on; it is good for :data:`LIFETIME` and up to an hour more."""
        hour = int((clock.now() + LIFETIME).timestamp()) // _HOUR + 1
        shown = quote(name.replace("/", "_").replace("\\", "_")[:120], safe="")
        shown = shown if shown.strip(".") else "file"  # a browser would walk out of the folder
        return f"{self.origin}/{self._kind}/{attachment_id}.{hour}.{self._sign(attachment_id, hour)}/{shown}"

    def _read(self, token: str) -> tuple[int, int] | None:
        """The file that a token names, and the hour (since 1970) in which it ends; None when it is not ours."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            return None
        attachment_id, hour = int(found[1]), int(found[2])
        if not hmac.compare_digest(self._sign(attachment_id, hour).encode(), found[3].encode()):
            return None
        return attachment_id, hour

    def opened(self, token: str) -> int | None:
        """The file that a token lets its bearer have now; None when it is not ours or has ended."""
        found = self._read(token)
        return found[0] if found and clock.now().timestamp() < found[1] * _HOUR else None

    def stored(self, markup: str) -> str:
        """HTML from an editor in the form that is kept: addresses of ours, also ended ones, become files' numbers."""
        if "/files/" not in markup:
            return markup

        def place(found: re.Match[str]) -> str:
            known = self._read(html.unescape(found[3]))
            return f"{found[1]}{found[2]}/api/attachments/{known[0]}{found[2]}" if known else found[0]

        return _SIGNED.sub(place, markup)

    def shown(self, markup: str, files: Mapping[int, str]) -> str:
        """HTML as it is kept in the form that can be shown.

        Args:
            markup: the HTML.
            files: number and name of each file that its reader may see; others stay, for the cookie to decide.
        """
        if "/api/attachments/" not in markup:
            return markup

        def place(found: re.Match[str]) -> str:
            number = int(found[3])
            if number not in files:
                return found[0]
            return f"{found[1]}{found[2]}{html.escape(self.url(number, files[number]))}{found[2]}"

        return _STORED.sub(place, markup)


def named_in(markup: str) -> set[int]:
    """The numbers of the files that HTML, as it is kept, shows."""
    return {int(found[3]) for found in _STORED.finditer(markup)} if "/api/attachments/" in markup else set()
