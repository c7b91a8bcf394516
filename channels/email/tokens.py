"""Signed names that let a mail prove what it belongs to: addresses, Message-IDs, and a mark in the body.

    reply address    help+t1001.SIG@example.org        the customer's answers to ticket 1001
    agent address    help+a7.1001.SIG@example.org      agent 7 answers ticket 1001 from her own mail program
    bounce address   help+b55.SIG@example.org          reports on our message 55 (VERP: envelope sender)
    Message-ID       m55.SIG@our-domain                our message 55
                     n12.SIG@our-domain                our notice 12 (a mail to an agent, or a refusal)
    mark             ref:t1001.SIG  ref:a7.1001.SIG    at the end of our mails, for servers that rewrite Message-IDs

SIG is 80 bits of an HMAC-SHA256, so nobody can guess another's (80 bits keep the local part under its 64 octets,
RFC 5321 section 4.5.3.1.1). Addresses are signed together with the mailbox, so a token that is copied onto another
mailbox's address proves nothing. Made by ``channels/email/outbox`` and ``channels/notices``, read by
``channels/email/reader``.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

_ADDRESS: Final = re.compile(
    r"([^\s<>\"+,;@]{1,64})\+([tab])(\d{1,15})(?:\.(\d{1,15}))?\.([a-z2-7]{16})@([^\s<>\",;@]{1,255})", re.IGNORECASE
)
_ID: Final = re.compile(r"^([mn])(\d{1,15})\.([a-z2-7]{16})@")
_MARK: Final = re.compile(r"\bref:([ta])(\d{1,15})(?:\.(\d{1,15}))?\.([a-z2-7]{16})\b")
_KINDS: Final = {"t": "ticket", "a": "agent", "b": "bounce"}


class AgentToken(NamedTuple):
    """Which agent may answer which ticket by mail."""

    agent_id: int
    ticket_id: int


class Tokens:
    """Makes and checks signed names.

    Args:
        secret: the installation's key.
        domain: right side of our Message-IDs.
    """

    def __init__(self, secret: str, domain: str) -> None:
        self._key = hashlib.sha256(b"mail-token:" + secret.encode()).digest()
        self._domain = domain

    def _sign(self, *parts: object) -> str:
        digest = hmac.new(self._key, ":".join(map(str, parts)).encode(), hashlib.sha256).digest()
        return base64.b32encode(digest[:10]).decode().lower()

    def _address(self, address: str, kind: str, *numbers: int) -> str:
        local, _, domain = address.rpartition("@")
        base = local.partition("+")[0]
        named = ".".join(map(str, numbers))
        return f"{base}+{kind}{named}.{self._sign_address(base, domain, kind, named)}@{domain}"

    def _sign_address(self, local: str, domain: str, kind: str, named: str) -> str:
        return self._sign(_KINDS[kind], named, f"{local}@{domain}".casefold())

    def reply_address(self, address: str, ticket_id: int) -> str:
        """The mailbox's address with the ticket's token: ``support+t1001.abc…@example.com``."""
        return self._address(address, "t", ticket_id)

    def agent_address(self, address: str, agent_id: int, ticket_id: int) -> str:
        """Where an agent answers a ticket to by mail."""
        return self._address(address, "a", agent_id, ticket_id)

    def bounce_address(self, address: str, message_id: int) -> str:
        """The envelope sender that reports on one of our messages come back to (variable envelope return path)."""
        return self._address(address, "b", message_id)

    def _found(self, addresses: Iterable[str], kind: str) -> tuple[int, ...] | None:
        for address in addresses:
            for local, letter, first, second, given, domain in _ADDRESS.findall(address):
                named = f"{first}.{second}" if second else first
                wanted = letter.lower() == kind and bool(second) == (kind == "a")
                if wanted and hmac.compare_digest(self._sign_address(local, domain, kind, named), given.lower()):
                    return (int(first), int(second)) if second else (int(first),)
        return None

    def ticket_in(self, addresses: Iterable[str]) -> int | None:
        """The ticket of the first valid token among some addresses."""
        found = self._found(addresses, "t")
        return found[0] if found else None

    def agent_in(self, addresses: Iterable[str]) -> AgentToken | None:
        """The agent and ticket of the first valid agent token among some addresses."""
        found = self._found(addresses, "a")
        return AgentToken(*found) if found else None

    def bounced_in(self, addresses: Iterable[str]) -> int | None:
        """The message of ours that the first valid bounce address among some addresses names."""
        found = self._found(addresses, "b")
        return found[0] if found else None

    def message_id(self, message_id: int) -> str:
        """The Message-ID (without angle brackets) of one of our messages; the same however often it is sent."""
        return f"m{message_id}.{self._sign('message', message_id)}@{self._domain}"

    def notice_id(self, notice_id: int) -> str:
        """The Message-ID (without angle brackets) of one of our notices."""
        return f"n{notice_id}.{self._sign('notice', notice_id)}@{self._domain}"

    def _own(self, header: str, letter: str) -> int | None:
        found = _ID.match(header.strip("<> ").lower())
        if not found or found[1] != letter:
            return None
        kind = "message" if letter == "m" else "notice"
        return int(found[2]) if hmac.compare_digest(self._sign(kind, int(found[2])), found[3]) else None

    def own_message(self, header: str) -> int | None:
        """The message that one of our Message-IDs names, or None when it is not ours."""
        return self._own(header, "m")

    def own_notice(self, header: str) -> int | None:
        """The notice that one of our Message-IDs names, or None when it is not ours."""
        return self._own(header, "n")

    def is_ours(self, header: str) -> bool:
        """Whether a Message-ID was made by this installation."""
        return self.own_message(header) is not None or self.own_notice(header) is not None

    def mark(self, ticket_id: int) -> str:
        """The mark at the end of a mail to a customer."""
        return f"ref:t{ticket_id}.{self._sign('mark', ticket_id)}"

    def agent_mark(self, agent_id: int, ticket_id: int) -> str:
        """The mark at the end of a mail to an agent."""
        return f"ref:a{agent_id}.{ticket_id}.{self._sign('agent-mark', agent_id, ticket_id)}"

    def marked_ticket(self, body: str) -> int | None:
        """The ticket of the first valid mark in a body; the newest mail of a thread stands first or is all there is."""
        for letter, first, second, given in _MARK.findall(body):
            if letter == "t" and not second and hmac.compare_digest(self._sign("mark", int(first)), given):
                return int(first)
        return None

    def marked_agent(self, body: str) -> AgentToken | None:
        """The agent and ticket of the first valid agent mark in a body."""
        for letter, first, second, given in _MARK.findall(body):
            if letter == "a" and second:
                numbers = AgentToken(int(first), int(second))
                if hmac.compare_digest(self._sign("agent-mark", *numbers), given):
                    return numbers
        return None
