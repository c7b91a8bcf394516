"""Connecting mailboxes: what is kept, what is refused, what is sealed, and when reading starts afresh."""

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, text, update

from channels.email import accounts
from channels.email.accounts import Acknowledge, Auth, imap_settings, listed
from channels.email.connect import Change, change, create, merged, named, proposed, seal_older, switch
from channels.models import ChannelAccount
from core.db import reading, unit_of_work
from core.errors import Invalid, NotFound
from core.vault import SealBroken, Vault, is_sealed
from staff import teams
from tests.channels.email.conftest import make_account

VAULT = Vault("test-secret-of-the-suite")
IMAP = {"host": "imap.desk.test", "user": "help", "password": "secret", "tls": "tls"}
SMTP = {"host": "smtp.desk.test", "user": "help", "password": "other", "tls": "starttls"}
OAUTH = {"provider": "custom", "client_id": "desk", "client_secret": "hush", "token_url": "https://id.test/token",
         "authorize_url": "https://id.test/authorize", "scope": "mail"}  # fmt: skip
HELP = Change(name="help", address="Help@Desk.test", imap=IMAP, smtp=SMTP)


async def make(db, given: Change = HELP) -> int:
    """Connect in a unit of work of its own."""
    async with unit_of_work(db) as session:
        return await create(session, VAULT, given)


async def alter(db, account_id: int, **given: Any) -> None:
    """Change in a unit of work of its own."""
    async with unit_of_work(db) as session:
        await change(session, VAULT, account_id, Change(**given))


async def row(db, account_id: int) -> ChannelAccount:
    """The mailbox as it is stored."""
    async with reading(db) as session:
        found = await session.get(ChannelAccount, account_id)
        assert found is not None
        return found


def field_of(told: pytest.ExceptionInfo[Invalid]) -> str:
    """The field that an error names."""
    field: str = told.value.extra["errors"][0]["field"]
    return field


async def test_a_mailbox_is_connected(db) -> None:
    """Address, servers and team are stored; the address in the form in which it is compared."""
    async with unit_of_work(db) as session:
        team = await teams.create(session, "First line")
    account_id = await make(
        db, Change(name=" help  desk ", address="Help@Desk.test", team_id=team, imap=IMAP, smtp=SMTP)
    )
    found = await row(db, account_id)
    assert (found.name, found.address, found.display_name, found.team_id) == (
        "help desk", "help@desk.test", "", team
    )  # fmt: skip
    assert found.settings["imap"]["host"] == "imap.desk.test"
    assert found.settings["smtp"]["tls"] == "starttls"


async def test_no_secret_is_stored_or_told_in_the_clear(db) -> None:
    """Neither the row nor the event log holds a password; opened they are what was typed."""
    given = {"imap": {**IMAP, "password": "unguessable-1"}, "smtp": {**SMTP, "password": "unguessable-2"},
             "oauth": {**OAUTH, "client_secret": "unguessable-3"}}  # fmt: skip
    account_id = await make(db, Change(name="help", address="help@desk.test", **given))
    await alter(db, account_id, smtp={**SMTP, "password": "unguessable-4"})
    async with reading(db) as session:
        written = [
            str(line)
            for table in ("channel_accounts", "events")
            for line in await session.scalars(text(f"select to_jsonb(t) from {table} t"))
        ]
        told = list(await session.scalars(text("select data->'changed' from events order by id")))
    assert told == [["connected", "name", "address", "imap", "smtp", "oauth"], ["smtp"]]
    assert not [line for line in written if "unguessable" in line]
    settings = (await row(db, account_id)).settings
    assert is_sealed(settings["oauth"]["client_secret"])
    read = imap_settings(settings, VAULT)
    assert read is not None
    assert read.password == "unguessable-1"
    assert accounts.smtp_settings(settings["smtp"], VAULT).password == "unguessable-4"


async def test_secrets_of_older_rows_are_sealed_once(db) -> None:
    """An upgrade seals what lay open, every mailbox at once; the second start finds nothing to do."""
    first = await make_account(db, "One", settings={"imap": dict(IMAP)})
    second = await make_account(db, "Two", settings={"smtp": dict(SMTP), "dkim": {"selector": "s", "private_key": "k"}})
    async with unit_of_work(db) as session:
        assert await seal_older(session, VAULT) == 2
    before = [(await row(db, each)).settings for each in (first, second)]
    async with unit_of_work(db) as session:
        assert await seal_older(session, VAULT) == 0
    assert [(await row(db, each)).settings for each in (first, second)] == before
    assert is_sealed(before[0]["imap"]["password"])
    assert is_sealed(before[1]["dkim"]["private_key"])
    assert before[1]["dkim"]["selector"] == "s"
    assert accounts.smtp_settings(before[1]["smtp"], VAULT).password == "other"


async def test_another_key_is_told_and_listing_goes_on(db) -> None:
    """Mailboxes are still listed; only who needs the password is told what to do."""
    account_id = await make(db)
    other = Vault("a new secret")
    async with reading(db) as session:
        assert [each.id for each in await listed(session)] == [account_id]
    with pytest.raises(SealBroken, match="SAMPARK_SECRET"):
        imap_settings((await row(db, account_id)).settings, other)
    async with unit_of_work(db) as session:
        assert await seal_older(session, other) == 0


async def test_a_password_that_is_not_given_again_is_kept(db) -> None:
    """The settings screen never has it; saving other fields keeps it."""
    account_id = await make(db)
    await alter(db, account_id, imap={"host": "IMAP.desk.test", "user": "help", "tls": "tls", "folder": "Support"})
    read = imap_settings((await row(db, account_id)).settings, VAULT)
    assert read is not None
    assert (read.password, read.folder) == ("secret", "Support")


@pytest.mark.parametrize(
    "moved", [{"host": "imap.evil.test"}, {"user": "root"}, {"tls": "none"}], ids=["host", "user", "clear text"]
)
def test_a_stored_password_goes_nowhere_else(moved: dict[str, str]) -> None:
    """Who may change the server's name could otherwise have the password sent to herself."""
    stored = accounts.sealed({"imap": IMAP}, VAULT)["imap"]
    given = {"host": "imap.desk.test", "user": "help", "tls": "tls", **moved}
    with pytest.raises(Invalid, match="again") as told:
        merged("imap", stored, given)
    assert field_of(told) == "imap.password"
    assert merged("imap", stored, {**given, "password": "mine"})["password"] == "mine"


def test_another_client_gets_neither_secret_nor_grant() -> None:
    """A token address of one's own would receive the secret and the refresh token."""
    stored = {**OAUTH, "refresh_token": "grant", "access_token": "key", "granted_at": "2026-03-01T00:00:00Z"}
    kept = merged("oauth", stored, {name: OAUTH[name] for name in OAUTH if name != "client_secret"})
    assert (kept["client_secret"], kept["refresh_token"]) == ("hush", "grant")
    moved = merged(
        "oauth", stored, {**{n: OAUTH[n] for n in OAUTH if n != "client_secret"}, "token_url": "https://x.test/"}
    )
    assert not {"client_secret", "refresh_token", "access_token"} & set(moved)


GRANTED = {**OAUTH, "refresh_token": "r", "access_token": "a", "granted_at": "2026-03-01T00:00:00Z"}
BY_TOKEN = {"imap": {"host": "imap.desk.test", "user": "help", "tls": "tls", "auth": "oauth"}, "oauth": GRANTED}


@pytest.mark.parametrize(
    ("moved", "part"),
    [
        ({"imap": {**BY_TOKEN["imap"], "host": "evil.test"}}, "imap.host"),
        ({"imap": {**BY_TOKEN["imap"], "tls": "none"}}, "imap.host"),
        ({"smtp": {"host": "evil.test", "user": "help", "tls": "tls", "auth": "oauth"}}, "smtp.host"),
    ],
    ids=str,
)
async def test_a_grant_goes_nowhere_else_either(db, moved: dict[str, Any], part: str) -> None:
    """Its token is shown to the servers it was given for: others are not tried with it, and to save them ends it."""
    account_id = await make_account(db, settings=BY_TOKEN)
    with pytest.raises(Invalid) as told:
        proposed(await row(db, account_id), VAULT, moved)
    assert field_of(told) == part
    await alter(db, account_id, **moved)
    kept = (await row(db, account_id)).settings["oauth"]
    assert not (kept.get("refresh_token") or kept.get("access_token") or kept.get("granted_at"))


async def test_a_grant_is_kept_for_its_servers(db) -> None:
    """Another port or folder of the same server, and the provider's own servers, need no new consent."""
    google = {**GRANTED, "provider": "google"}
    account_id = await make_account(db, settings={**BY_TOKEN, "oauth": google})
    smtp = {"host": "smtp.gmail.com", "user": "help", "tls": "starttls", "auth": "oauth"}
    changed = {"imap": {**BY_TOKEN["imap"], "port": 1993, "folder": "Help"}, "smtp": smtp}
    proposed(await row(db, account_id), VAULT, changed)
    await alter(db, account_id, **changed)
    assert is_sealed((await row(db, account_id)).settings["oauth"]["refresh_token"])


async def test_the_place_in_the_folder_is_kept_while_it_is_the_same(db) -> None:
    """A new password reads no mail twice; another server starts afresh, because a cursor means nothing there."""
    account_id = await make(db)
    async with unit_of_work(db) as session:
        await session.execute(update(ChannelAccount).values(cursor={"uidvalidity": 1, "last_uid": 7}))
    await alter(db, account_id, imap={**IMAP, "password": "new"})
    assert (await row(db, account_id)).cursor["last_uid"] == 7
    await alter(db, account_id, imap={**IMAP, "host": "other.test"})
    assert (await row(db, account_id)).cursor == {}


async def test_parts_that_are_not_named_stay(db) -> None:
    """And a part can be taken away."""
    account_id = await make(db)
    await alter(db, account_id, display_name="Help")
    found = await row(db, account_id)
    assert (found.display_name, set(found.settings)) == ("Help", {"imap", "smtp"})
    await alter(db, account_id, imap=None)
    assert set((await row(db, account_id)).settings) == {"smtp"}


async def test_an_address_and_a_name_belong_to_one_mailbox(db) -> None:
    """Two mailboxes with one address would fight over each mail; the second is refused by name."""
    await make(db)
    with pytest.raises(Invalid, match="belongs to the mailbox help") as told:
        await make(db, Change(name="sales", address="sales@desk.test", aliases=("HELP@desk.test",)))
    assert field_of(told) == "address"
    with pytest.raises(Invalid, match="Another mailbox") as told:
        await make(db, Change(name="help", address="sales@desk.test"))
    assert field_of(told) == "name"


@pytest.mark.parametrize("address", ["", "help", "@desk.test", "help@", "a b@desk.test", "a@b@c", "x\n@desk.test"])
async def test_what_is_no_address_is_refused(db, address: str) -> None:
    """A mailbox without an address would catch nothing, and one with odd letters would break headers."""
    with pytest.raises(Invalid, match="looks like"):
        await make(db, Change(name="help", address=address))
    with pytest.raises(Invalid, match="looks like") as told:
        await make(db, Change(name="help", address="help@desk.test", aliases=(address,)))
    assert field_of(told) == "aliases"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"team_id": 999}, "team_id"),
        ({"imap": {**IMAP, "host": "https://imap.desk.test"}}, "imap.host"),
        ({"imap": {**IMAP, "port": 0}}, "imap.port"),
        ({"imap": {**IMAP, "port": "many"}}, "imap.port"),
        ({"imap": {**IMAP, "user": ""}}, "imap.user"),
        ({"imap": {**IMAP, "user": "a\r\nb"}}, "imap.user"),
        ({"imap": {**IMAP, "password": ""}}, "imap.password"),
        ({"imap": {**IMAP, "since": "yesterday"}}, "imap.since"),
        ({"imap": {**IMAP, "tls": "ssl3"}}, "imap.tls"),
        ({"imap": {**IMAP, "auth": "oauth"}}, "imap.auth"),
        ({"smtp": {**SMTP, "per_minute": -1}}, "smtp.per_minute"),
        ({"smtp": {**SMTP, "colour": 1}}, "smtp.colour"),
        ({"oauth": {**OAUTH, "client_id": " "}}, "oauth.client_id"),
        ({"oauth": {**OAUTH, "token_url": "ftp://id.test"}}, "oauth.token_url"),
        ({"oauth": {**OAUTH, "authorize_url": "javascript:alert(1)"}}, "oauth.authorize_url"),
        ({"oauth": {"provider": "microsoft", "client_id": "x", "tenant": "../x"}}, "oauth.tenant"),
        ({"oauth": {"provider": "nobody", "client_id": "x"}}, "oauth.provider"),
        ({"options": {"reopen_days": -1}}, "options.reopen_days"),
        ({"options": {"silent_after_minutes": 0}}, "options.silent_after_minutes"),
        ({"options": {"duplicates": "many"}}, "options.duplicates"),
        ({"options": {"acknowledge": {"enabled": True, "subject": "Thanks"}}}, "options.acknowledge.html"),
    ],
)
async def test_every_wrong_value_names_its_field(db, given: dict[str, Any], field: str) -> None:
    """The form shows the sentence where it belongs; nothing is stored."""
    account_id = await make(db)
    with pytest.raises(Invalid) as told:
        await alter(db, account_id, **given)
    assert field_of(told) == field
    assert "sealed" not in told.value.detail


async def test_options_change_one_by_one(db) -> None:
    """What is left out stays; what was never said is as usual."""
    account_id = await make(db, Change(name="help", address="help@desk.test", options={"subject_number": True}))
    await alter(db, account_id, options={"acknowledge": {"enabled": True}, "trusted_servers": ["mx.desk.test"]})
    async with reading(db) as session:
        (found,) = await listed(session)
    assert found.options.subject_number
    assert found.options.acknowledge == Acknowledge(enabled=True)
    assert found.options.trusted_servers == ("mx.desk.test",)
    assert found.options.reopen_days == 30


async def test_a_mailbox_is_let_go_and_comes_back(db) -> None:
    """Its row stays for the sake of its tickets."""
    account_id = await make(db)
    async with unit_of_work(db) as session:
        await switch(session, account_id, active=False)
    async with reading(db) as session:
        assert await listed(session) == []
        assert await named(session, "help") == account_id
    async with unit_of_work(db) as session:
        await switch(session, account_id, active=True)
    async with reading(db) as session:
        assert len(await listed(session)) == 1


async def test_a_mailbox_whose_address_is_taken_stays_away(db) -> None:
    """While it was gone another one got its address."""
    account_id = await make(db)
    async with unit_of_work(db) as session:
        await switch(session, account_id, active=False)
    await make(db, Change(name="new", address="help@desk.test"))
    with pytest.raises(Invalid, match="belongs to the mailbox new"):
        async with unit_of_work(db) as session:
            await switch(session, account_id, active=True)


async def test_an_unknown_mailbox_says_so(db) -> None:
    """A typing mistake does not pass in silence."""
    with pytest.raises(NotFound):
        await alter(db, 4711, name="x")
    with pytest.raises(NotFound):
        async with unit_of_work(db) as session:
            await switch(session, 4711, active=False)


async def test_the_hourly_token_is_no_reason_to_start_afresh(db) -> None:
    """What decides about fetching is the grant, not the key that is made of it."""
    before = {"imap": {**IMAP, "auth": Auth.OAUTH}, "oauth": {**OAUTH, "granted_at": "2026-03-01T00:00:00Z"}}
    after = json.loads(json.dumps(before))
    after["oauth"] |= {"access_token": "new", "expires_at": "2026-03-02T00:00:00Z", "refresh_token": "rotated"}
    assert accounts.fetched_by(after) == accounts.fetched_by(before)
    after["oauth"]["granted_at"] = "2026-03-03T00:00:00Z"
    assert accounts.fetched_by(after) != accounts.fetched_by(before)


async def test_a_date_is_stored_as_it_is_read(db) -> None:
    """The cut-off goes to JSON and back."""
    account_id = await make(db, Change(name="help", address="help@desk.test", imap={**IMAP, "since": date(2026, 3, 1)}))
    async with reading(db) as session:
        stored = await session.scalar(select(ChannelAccount.settings).where(ChannelAccount.id == account_id))
    assert stored is not None
    read = imap_settings(stored, VAULT)
    assert read is not None
    assert read.since == date(2026, 3, 1)
