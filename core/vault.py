"""The vault: passwords, tokens and private keys are sealed before they are written to the database.

Kernel module, used by whatever keeps a secret of an outside service (``channels/email/accounts``). The key is made of
the desk's own secret (``sampark/runtime.py``), so a copy of the database alone opens nothing. A sealed value tells by
its beginning how it was sealed; any other secret is an older, plain value and is given back as it is.

AES-256 in GCM (NIST SP 800-38D) with a random nonce of 96 bits; the key is derived by HKDF (RFC 5869).
"""

import base64
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import Invalid

PREFIX: Final = "sealed:v1:"
_NONCE_BYTES: Final = 12


class SealBroken(Invalid):
    """A sealed value cannot be opened: it was sealed with another key, or it is damaged."""

    code, title = "seal-broken", "A stored secret cannot be read"


class Vault:
    """Seals and opens texts.

    Args:
        secret: the desk's secret; whoever has it can open everything.
    """

    def __init__(self, secret: str) -> None:
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"sampark vault v1").derive(secret.encode())
        self._cipher = AESGCM(key)

    def seal(self, text: str, purpose: str = "") -> str:
        """The text, unreadable without the desk's secret. Sealing twice gives two different values.

        Args:
            text: what nobody may read.
            purpose: must be named again when it is opened, so that a value made for one thing is refused for another.
        """
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode("utf-8", "surrogatepass"), purpose.encode())
        return PREFIX + base64.urlsafe_b64encode(sealed).decode()

    def open(self, value: str, purpose: str = "") -> str:
        """The text behind a sealed value; one without a purpose that was never sealed is returned as it is.

        A purpose says that the seal itself is the proof (a value that travelled through strangers' hands).

        Raises:
            SealBroken: the desk's secret has changed since, the value is damaged, or made for another purpose; or it
                was never sealed and a purpose is named.
        """
        if not is_sealed(value) and not purpose:
            return value
        try:
            sealed = base64.b64decode(value.removeprefix(PREFIX), altchars=b"-_", validate=True)
            nonce, hidden = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            return self._cipher.decrypt(nonce, hidden, purpose.encode()).decode("utf-8", "surrogatepass")
        except (InvalidTag, ValueError):
            raise SealBroken(
                "A stored secret cannot be read: the desk's key (SAMPARK_SECRET, or the file secret in the data "
                "folder) is not the one it was sealed with. Put the old key back, or enter the secret again."
            ) from None


def is_sealed(value: str) -> bool:
    """Whether a value has been through :meth:`Vault.seal`."""
    return value.startswith(PREFIX)
