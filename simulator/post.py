"""The way from the make-believe world into the desk: real SMTP to the desk's own listener."""

import aiosmtplib

from core.settings import Settings

TIMEOUT_SECONDS = 30.0


class PostOffice:
    """Sends mails to the desk.

    Args:
        settings: where its listener is.
    """

    def __init__(self, settings: Settings) -> None:
        self._host = settings.smtp_host
        self._port = settings.smtp_port

    async def __call__(self, sender: str, recipients: list[str], raw: bytes) -> None:
        """Hand one mail over.

        Raises:
            aiosmtplib.SMTPException: the desk refused it or cannot be reached.
        """
        async with aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname="world.simulator",
            timeout=TIMEOUT_SECONDS,
            start_tls=False,
        ) as client:
            await client.sendmail(sender, recipients, raw)
