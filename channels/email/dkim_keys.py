"""Keys that sign outgoing mails (DKIM, RFC 6376): made here, shown as the record that belongs into DNS.

Part of the e-mail channel: the settings screen asks for a key, `channels.email.connect` seals it, and
`channels.email.dkim` signs with it.
"""

import base64
import re
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from channels.email.accounts import DkimSettings, normalise
from core.errors import Invalid

BITS: Final = 2048
"""What every receiver can check (RFC 8301, section 3.2) and what still fits a DNS record."""
USUAL_SELECTOR: Final = "sampark"


def generate(selector: str, address: str) -> DkimSettings:
    """A new key for the domain of an address; takes some tenths of a second of computing.

    Raises:
        Invalid: the selector cannot be a part of a name in DNS.
    """
    name = selector.strip().casefold() or USUAL_SELECTOR
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name):
        raise Invalid.field("selector", "Letters, digits and hyphens, at most 63 of them.")
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    domain = normalise(address).rpartition("@")[2]
    return DkimSettings(name, domain, private.decode(), base64.b64encode(public).decode())


def dns_name(key: DkimSettings) -> str:
    """Where the record belongs."""
    return f"{key.selector}._domainkey.{key.domain}"


def dns_value(key: DkimSettings) -> str:
    """The text of the record (RFC 6376, section 3.6.1)."""
    return f"v=DKIM1; k=rsa; p={key.public_key}"
