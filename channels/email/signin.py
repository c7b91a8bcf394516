"""Signing in to mail servers: opens an account's secrets just before they are needed, and makes tokens of grants.

Part of the e-mail channel, between its settings (`channels.email.accounts`, `channels.email.oauth`) and the two
sides that connect: `channels.email.fetch` and `channels.email.send`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from channels.email import oauth
from channels.email.accounts import Auth, ImapSettings, SmtpSettings, imap_settings, smtp_settings
from core import net
from core.db import Database
from core.net import Networks
from core.vault import Vault


class SignIn:
    """Makes settings that a connection can be opened with.

    Args:
        db: where the accounts are.
        vault: opens their secrets.
        networks: where connections may go.
    """

    def __init__(self, db: Database, vault: Vault, networks: Networks) -> None:
        self.networks = networks
        self.vault = vault
        self._db = db
        self._rejected: dict[int, str] = {}

    def read(self, settings: Mapping[str, Any]) -> ImapSettings | None:
        """How an account is fetched, its password opened, but without a token; None when it only listens.

        Raises:
            Invalid: a value is missing or wrong, or the desk's key has changed.
        """
        return imap_settings(settings, self.vault)

    async def imap(self, account_id: int, settings: ImapSettings) -> ImapSettings:
        """The same with a fresh token where the account signs in by OAuth.

        Raises:
            SignInRefused: the provider gives no token; in case of ConnectAgain only the owner can help.
            Temporary: the provider cannot be reached.
            Invalid: the settings cannot be read.
        """
        if settings.auth is not Auth.OAUTH:
            return settings
        return msgspec.structs.replace(settings, token=await self._token(account_id))

    async def smtp(self, account_id: int, given: Mapping[str, Any]) -> SmtpSettings:
        """How an account sends, from the ``smtp`` part of its settings, with a fresh token where it needs one.

        Raises:
            SignInRefused: the provider gives no token.
            Temporary: the provider cannot be reached.
            Invalid: a value is missing or wrong, or the desk's key has changed.
        """
        settings = smtp_settings(given, self.vault)
        if settings.auth is not Auth.OAUTH:
            return settings
        return msgspec.structs.replace(settings, token=await self._token(account_id))

    def reject(self, account_id: int, token: str) -> None:
        """Note that a server refused a token, so that the next one is a new one, or tells why there is none."""
        self._rejected[account_id] = token

    async def _token(self, account_id: int) -> str:
        async with net.http_client(self.networks) as client:
            return await oauth.access_token(
                self._db, account_id, self.vault, client, self._rejected.get(account_id, "")
            )
