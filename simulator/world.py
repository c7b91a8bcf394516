"""The make-believe outside world, whole: SMTP and IMAP servers, mailboxes on disk, customers with a will of their own.

Started by `sampark serve` when ``settings.simulator`` is on, and by tests. The desk sends to it, is written to by it,
and knows nothing else of it; its pages are `simulator.routes`.
"""

import asyncio

from core import log
from core.settings import Settings
from simulator.customers import Customers
from simulator.imap import ImapServer
from simulator.mailboxes import Mailboxes
from simulator.post import PostOffice
from simulator.scenario import Scenario
from simulator.smtp import MailServer

_log = log.get(__name__)


def mailboxes_of(settings: Settings) -> Mailboxes:
    """The mailboxes of this desk's world."""
    return Mailboxes(settings.data / "simulator")


class Simulator:
    """One world.

    Args:
        settings: ports and folder; mails to the desk go to ``smtp_host``:``smtp_port``.
        scenario: who writes by himself; nobody by default.
    """

    def __init__(self, settings: Settings, scenario: Scenario | None = None) -> None:
        self.mailboxes = mailboxes_of(settings)
        self.post = PostOffice(settings)
        self.imap = ImapServer(settings, self.mailboxes)
        self.customers = Customers(scenario or Scenario(), self.mailboxes, self.post, self.imap.hang_up)
        self.smtp = MailServer(settings, self.mailboxes, self.post, self.customers.arrived)

    async def start(self) -> None:
        """Begin to listen, and let the customers open their diaries.

        Raises:
            OSError: a port is taken.
        """
        await self.smtp.start()
        try:
            await self.imap.start()
        except BaseException:
            await self.smtp.stop()
            raise
        self.customers.start()
        _log.info("simulated mailboxes are open", smtp=self.smtp.port, imap=self.imap.port)

    async def stop(self) -> None:
        """Close both servers; answers on their way are finished."""
        await self.smtp.stop()
        await self.imap.stop()

    async def run(self, stop: asyncio.Event) -> None:
        """Live until ``stop``.

        Raises:
            OSError: a port is taken.
        """
        await self.start()
        try:
            await self.customers.run(stop)
        finally:
            await self.stop()
