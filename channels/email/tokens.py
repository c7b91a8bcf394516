"""Signed names that let a mail prove which ticket it belongs to: reply addresses and Message-IDs.

A token is the ticket's number and 80 bits of an HMAC-SHA256 over it, so nobody can guess the address of another
ticket (80 bits keep the local part under its 64 octets, RFC 5321 section 4.5.3.1.1). Made by ``channels/outbound``,
read by ``channels/email/reader``.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable

_TOKEN = re.compile(r"\+t(\d{1,15})\.([a-z2-7]{16})@", re.IGNORECASE)
_MESSAGE = re.compile(r"^m(\d{1,15})\.([a-z2-7]{16})@", re.IGNORECASE)


class Tokens:
    """Makes and checks signed names.

    Args:
        secret: the installation's key.
        domain: right side of our Message-IDs.
    """

    def __init__(self, secret: str, domain: str) -> None:
        self._key = hashlib.sha256(b"mail-token:" + secret.encode()).digest()
        self._domain = domain

    def _sign(self, kind: str, number: int) -> str:
        digest = hmac.new(self._key, f"{kind}:{number}".encode(), hashlib.sha256).digest()
        return base64.b32encode(digest[:10]).decode().lower()

    def reply_address(self, address: str, ticket_id: int) -> str:
        """The account's address with the ticket's token: ``support+t1001.abc…@example.com``."""
        local, _, domain = address.rpartition("@")
        return f"{local.partition('+')[0]}+t{ticket_id}.{self._sign('ticket', ticket_id)}@{domain}"

    def ticket_in(self, addresses: Iterable[str]) -> int | None:
        """The ticket of the first valid token among some addresses."""
        for address in addresses:
            found = _TOKEN.search(address)
            if found and hmac.compare_digest(self._sign("ticket", int(found[1])), found[2].lower()):
                return int(found[1])
        return None

    def message_id(self, message_id: int) -> str:
        """The Message-ID (without angle brackets) of one of our messages; the same however often it is sent."""
        return f"m{message_id}.{self._sign('message', message_id)}@{self._domain}"

    def is_ours(self, header: str) -> bool:
        """Whether a Message-ID was made by this installation."""
        found = _MESSAGE.match(header.strip("<> "))
        return bool(found and hmac.compare_digest(self._sign("message", int(found[1])), found[2].lower()))

    def own_message(self, header: str) -> int | None:
        """The message that one of our Message-IDs names, or None when it is not ours."""
        found = _MESSAGE.match(header.strip("<> "))
        return int(found[1]) if found and self.is_ours(header) else None
