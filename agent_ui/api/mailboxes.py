"""The mailboxes' settings: connect, try out, change, let go; consent of OAuth 2.0 providers; keys that sign."""

import asyncio
from typing import Annotated, Any, Final

from litestar import Controller, Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter
from litestar.response import Redirect

from agent_ui.auth import requires
from agent_ui.deps import Desk
from agent_ui.limits import allow
from agent_ui.views.base import PathId
from agent_ui.views.mailboxes import (
    ConsentView,
    CountInput,
    CountView,
    DkimInput,
    DkimView,
    MailboxInput,
    MailboxView,
    PresetView,
    TestInput,
    TrialView,
    change_of,
    dkim_view,
    mailbox_view,
    part_of,
    preset_view,
    trial_view,
)
from channels.email import connect, consent, dkim_keys, probe
from channels.email.presets import PRESETS
from channels.models import ChannelAccount
from core import log
from core.db import reading
from core.errors import DeskError

MANAGE: Final = "mailboxes:manage"
CALLBACK: Final = "/api/oauth/callback"
PAGE: Final = "/console/settings/mailboxes"
_log = log.get(__name__)


class MailboxController(Controller):
    """Mailboxes."""

    path = "/mailboxes"
    tags = ["Mailboxes"]
    guards = [requires(MANAGE)]

    @get(summary="Mailboxes")
    async def list_mailboxes(self, desk: NamedDependency[Desk]) -> list[MailboxView]:
        """All of them, those in use first."""
        return [mailbox_view(account) for account in await connect.every(desk.session)]

    @get("/presets", sync_to_thread=False, summary="Known providers")
    def presets(self) -> list[PresetView]:
        """Servers and ways to sign in of the big providers."""
        return [preset_view(preset) for preset in PRESETS]

    @get("/{mailbox_id:int}", summary="One mailbox")
    async def read(self, desk: NamedDependency[Desk], mailbox_id: PathId) -> MailboxView:
        """The mailbox without its secrets."""
        return mailbox_view(await connect.find(desk.session, mailbox_id))

    @post(summary="Connect a mailbox")
    async def create(self, desk: NamedDependency[Desk], data: JSONBody[MailboxInput]) -> MailboxView:
        """A running desk begins to read it within ten seconds."""
        made = await connect.create(desk.session, desk.runtime.vault, change_of(data))
        return mailbox_view(await connect.find(desk.session, made))

    @patch("/{mailbox_id:int}", summary="Change a mailbox")
    async def change(
        self, desk: NamedDependency[Desk], mailbox_id: PathId, data: JSONBody[MailboxInput]
    ) -> MailboxView:
        """Change what was sent. Passwords that are not sent are kept while the server stays the same."""
        await connect.change(desk.session, desk.runtime.vault, mailbox_id, change_of(data))
        return mailbox_view(await connect.find(desk.session, mailbox_id))

    @post("/{mailbox_id:int}/deactivate", status_code=200, summary="Let go of a mailbox")
    async def deactivate(self, desk: NamedDependency[Desk], mailbox_id: PathId) -> MailboxView:
        """Stop reading it and taking mail for it; its tickets stay."""
        await connect.switch(desk.session, mailbox_id, active=False)
        return mailbox_view(await connect.find(desk.session, mailbox_id))

    @post("/{mailbox_id:int}/activate", status_code=200, summary="Take a mailbox up again")
    async def activate(self, desk: NamedDependency[Desk], mailbox_id: PathId) -> MailboxView:
        """Read it again from where reading stopped."""
        await connect.switch(desk.session, mailbox_id, active=True)
        return mailbox_view(await connect.find(desk.session, mailbox_id))

    @post("/test", status_code=200, summary="Try out servers")
    async def test(self, desk: NamedDependency[Desk], data: JSONBody[TestInput]) -> TrialView:
        """Sign in to both servers at the same time; takes at most 15 seconds and changes nothing."""
        allow("probe", desk.agent_id)
        account = await _stored(desk, data.id)
        parts = {"imap": part_of(data.imap), "smtp": part_of(data.smtp), "oauth": part_of(data.oauth)}
        settings = connect.proposed(account, desk.runtime.vault, parts)
        address = account.address if account is not None else ""
        found = await probe.stored(desk.runtime.signin, data.id, settings, address)
        return trial_view(found)

    @post("/count", status_code=200, summary="Count what a first reading would take in")
    async def count(self, desk: NamedDependency[Desk], data: JSONBody[CountInput]) -> CountView:
        """A dry run: how many mails lie in the folder since a day."""
        allow("probe", desk.agent_id)
        account = await _stored(desk, data.id)
        parts = {"imap": part_of(data.imap), "oauth": part_of(data.oauth)}
        settings = connect.proposed(account, desk.runtime.vault, parts)
        found = await probe.counted(desk.runtime.signin, data.id, settings, data.since)
        return CountView(total=found.total, since=data.since, oldest=found.oldest, newest=found.newest)

    @post("/{mailbox_id:int}/oauth", status_code=200, summary="Begin to connect with the provider")
    async def begin_consent(
        self, request: Request[Any, Any, Any], desk: NamedDependency[Desk], mailbox_id: PathId
    ) -> ConsentView:
        """Where to send the mailbox's owner; she comes back to the mailbox's page."""
        account = await connect.find(desk.session, mailbox_id)
        # The origin was checked against our own names already (agent_ui/auth), where the browser sends one.
        home = request.headers.get("origin") or desk.runtime.settings.base_url
        url = consent.begin(account, desk.runtime.vault, desk.signed_in.session.id, home + CALLBACK)
        return ConsentView(url=url)

    @post("/{mailbox_id:int}/dkim", status_code=200, summary="Make a key that signs")
    async def make_key(self, desk: NamedDependency[Desk], mailbox_id: PathId, data: JSONBody[DkimInput]) -> DkimView:
        """A new key in place of the old one. Mails are signed with it at once: put its record into DNS now."""
        account = await connect.find(desk.session, mailbox_id)
        key = await asyncio.to_thread(dkim_keys.generate, data.selector, account.address)
        await connect.set_key(desk.session, desk.runtime.vault, mailbox_id, key)
        view = dkim_view(key)
        assert view is not None  # noqa: S101 - there is a key
        return view

    @delete("/{mailbox_id:int}/dkim", summary="Sign no more")
    async def drop_key(self, desk: NamedDependency[Desk], mailbox_id: PathId) -> None:
        """Take the key away; mails leave unsigned."""
        await connect.set_key(desk.session, desk.runtime.vault, mailbox_id, None)


class OauthController(Controller):
    """Where OAuth 2.0 providers send people back to."""

    path = "/oauth"
    tags = ["Mailboxes"]
    guards = [requires(MANAGE)]

    @get("/callback", status_code=302, summary="The way back from a provider")
    async def callback(
        self,
        desk: NamedDependency[Desk],
        begun: Annotated[str, QueryParameter(name="state")] = "",
        code: FromQuery[str] = "",
        error: FromQuery[str] = "",
    ) -> Redirect:
        """Keep what the owner agreed to, and show the mailbox; ``problem`` says what went wrong."""
        account_id: int | None = None
        try:
            pending = consent.read(desk.runtime.vault, begun, desk.signed_in.session.id)
            account_id = pending.account_id
            await consent.finish(desk.runtime.db, desk.runtime.signin, desk.actor, pending, code, error)
        except DeskError as problem:
            _log.warning("a mailbox was not connected", account=account_id, reason=problem.detail)
            page = PAGE if account_id is None else f"{PAGE}/{account_id}"
            return Redirect(f"{page}?{consent.explained(problem)}")
        return Redirect(f"{PAGE}/{account_id}?connected=1")


async def _stored(desk: Desk, account_id: int | None) -> ChannelAccount | None:
    """The mailbox whose secrets are used, read apart, so that no transaction waits for somebody else's server."""
    if account_id is None:
        return None
    async with reading(desk.runtime.db) as session:
        return await connect.find(session, account_id)
