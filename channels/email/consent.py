"""The way of a mailbox's owner to her provider and back, with its beginning and its end at the desk.

Part of the e-mail channel, between ``agent_ui/api/mailboxes.py`` and `channels.email.oauth`. No transaction is open
while a provider is asked.
"""

from urllib.parse import urlencode

from channels.email import connect, oauth
from channels.email.accounts import OauthSettings, oauth_settings
from channels.email.oauth import Pending
from channels.email.signin import SignIn
from channels.models import ChannelAccount
from core import net
from core.actor import Actor
from core.db import Database, reading, unit_of_work
from core.errors import Conflict, DeskError, Invalid, NotAllowed
from core.vault import Vault

LONGEST_REASON = 300


class Denied(NotAllowed):
    """The owner said no, or the provider did."""

    code = "consent-denied"


def begin(account: ChannelAccount, vault: Vault, session_id: int, redirect: str) -> str:
    """Where to send the owner.

    Args:
        account: the mailbox.
        vault: opens its client and seals the state.
        session_id: the session that she must come back in.
        redirect: our address to come back to; the provider must know it.

    Raises:
        Invalid: no provider is set up, or not completely.
    """
    settings = oauth_settings(account.settings, vault)
    if settings is None:
        raise Invalid.field("oauth.provider", "Choose a provider, and save it first.")
    servers = (account.settings.get(part) or {} for part in ("imap", "smtp"))
    user = next((server["user"] for server in servers if server.get("user")), account.address)
    return oauth.authorize_url(
        settings, vault, account_id=account.id, session_id=session_id, redirect=redirect, hint=user
    )


def read(vault: Vault, state: str, session_id: int) -> Pending:
    """What was begun.

    Raises:
        Invalid: it was not begun here, or in another session, or too long ago.
    """
    return oauth.read_state(vault, state, session_id)


async def finish(db: Database, signin: SignIn, actor: Actor, pending: Pending, code: str, error: str) -> None:
    """Make a grant of the provider's code, and keep it.

    Args:
        db: where the mailbox is.
        signin: its vault and networks.
        actor: the administrator.
        pending: what was begun.
        code: from the provider; empty when it gave none.
        error: why not.

    Raises:
        Denied: the owner or the provider said no.
        Conflict: the client has been changed meanwhile.
        SignInRefused: the provider does not accept the code or the client.
        Temporary: it cannot be reached.
        NotFound: the mailbox is gone.
    """
    if not code:
        raise Denied(f"The provider gave no permission: {error or 'no reason was given'}.")
    async with reading(db) as session:
        account = await connect.find(session, pending.account_id)
        settings: OauthSettings | None = oauth_settings(account.settings, signin.vault)
    if settings is None or settings.client_id != pending.client_id:
        raise Conflict("The mailbox's provider was changed meanwhile; please connect again.")
    async with net.http_client(signin.networks) as client:
        granted = await oauth.exchange(client, settings, pending, code)
    async with unit_of_work(db, actor) as session:
        await connect.grant(session, signin.vault, pending.account_id, granted)


def explained(problem: DeskError) -> str:
    """A failure as the query of the page that shows it: a code, and words."""
    return urlencode({"connected": "0", "problem": problem.code, "detail": problem.detail[:LONGEST_REASON]})
