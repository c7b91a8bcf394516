"""Signing outgoing mails (DKIM, RFC 6376), so that receiving servers can tell that they are really ours.

Part of sending, between ``compose`` and ``send``. The key belongs to the mailbox (``DkimSettings``); its public half
stands in the domain's DNS. Header and body are signed in relaxed form, which survives the usual changes on the way.
"""

from typing import Final

import dkim
from dkim.crypto import DigestTooLargeError, UnparsableKeyError

from channels.email.accounts import DkimSettings, normalise
from core.errors import Invalid

SIGNED: Final = (
    "from", "reply-to", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references", "mime-version",
    "content-type", "auto-submitted", "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip
"""Fields that are signed where a mail has them; From once more than it is there, so that no second one can be added."""


def fits(address: str, key: DkimSettings) -> bool:
    """Whether a signature by this key speaks for the address: it is in the key's domain or below it."""
    domain, signing = normalise(address).rpartition("@")[2], normalise(f"x@{key.domain}").rpartition("@")[2]
    return domain == signing or domain.endswith(f".{signing}")


def signed(raw: bytes, key: DkimSettings) -> bytes:
    """The mail with a DKIM-Signature above it.

    Args:
        raw: the mail, line ends CRLF.
        key: what to sign with.

    Raises:
        Invalid: the key cannot be used.
    """
    head = b"\r\n" + raw.partition(b"\r\n\r\n")[0].lower()
    there = [name for name in SIGNED if b"\r\n" + name.encode() + b":" in head]
    try:
        signature: bytes = dkim.sign(
            raw,
            selector=key.selector.encode("idna"),
            domain=key.domain.encode("idna"),
            privkey=key.private_key.encode(),
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[*there, "from"],
        )
    except (dkim.DKIMException, UnparsableKeyError, DigestTooLargeError, UnicodeError) as problem:
        raise Invalid.field("dkim", f"The key that signs mails of {key.domain} cannot be used: {problem}") from None
    return signature + raw
