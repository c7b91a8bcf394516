"""The listener's certificate: offered over STARTTLS, read again when it is renewed, named when it cannot be used."""

import os
import ssl
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest

from channels.email.certificate import Certificate
from channels.email.listener import Listener
from core.db import Database
from core.errors import StartError
from core.settings import Settings
from tests.channels.email.test_listener import MAIL, rows
from tests.channels.email.test_probe import certificate


def with_files(settings: Settings, folder: Path) -> Settings:
    """Settings that name the files of a folder."""
    return settings.model_copy(
        update={"smtp_tls_cert": str(folder / "cert.pem"), "smtp_tls_key": str(folder / "key.pem")}
    )


async def shown(port: int, trusted: str) -> bytes:
    """The certificate that the listener shows, after a mail went over the encrypted line."""
    context = ssl.create_default_context(cafile=trusted)
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=True, tls_context=context) as client:
        await client.sendmail("ravi@example.com", ["support@desk.test"], MAIL)
        transport: Any = client.transport
        found: bytes = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return found


async def test_mail_comes_in_over_an_encrypted_line(
    db: Database, account: int, settings: Settings, tmp_path: Path
) -> None:
    """And a certificate that was renewed is shown without a restart; a broken one is not."""
    certificate(tmp_path)
    listener = Listener(db, with_files(settings, tmp_path))
    await listener.start()
    try:
        trusted = str(tmp_path / "cert.pem")
        first = await shown(listener.port, trusted)
        assert [row[3] for row in await rows(db)] == [MAIL]
        certificate(tmp_path)
        os.utime(trusted, (2e9, 2e9))
        second = await shown(listener.port, trusted)
        assert second != first
        before = (tmp_path / "cert.pem").read_text()
        (tmp_path / "cert.pem").write_text("rubbish")
        kept = tmp_path / "kept.pem"
        kept.write_text(before)
        assert await shown(listener.port, str(kept)) == second
    finally:
        await listener.stop()


async def test_without_files_nothing_is_offered(db: Database, account: int, settings: Settings) -> None:
    """As before."""
    listener = Listener(db, settings)
    await listener.start()
    try:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=listener.port, start_tls=False) as client:
            await client.ehlo()
            assert not client.supports_extension("starttls")
    finally:
        await listener.stop()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"smtp_tls_key": ""}, "both, or neither"),
        ({"smtp_tls_cert": "/no/such/file"}, "cannot be used"),
        ({"smtp_tls_key": "cert.pem"}, "cannot be used"),
    ],
)
def test_a_certificate_that_cannot_be_used_stops_the_start(
    settings: Settings, tmp_path: Path, change: dict[str, str], words: str
) -> None:
    """One sentence, before anything is started."""
    certificate(tmp_path)
    given = {name: str(tmp_path / value) if value == "cert.pem" else value for name, value in change.items()}
    with pytest.raises(StartError, match=words):
        Certificate(with_files(settings, tmp_path).model_copy(update=given))
