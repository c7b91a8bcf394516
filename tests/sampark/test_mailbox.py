"""``sampark mailbox``: connect, try out, list and let go from the command line; no password is ever shown."""

import asyncio
import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from channels.email.accounts import imap_settings
from channels.models import ChannelAccount
from core.db import Database, reading
from core.errors import Invalid, NotFound
from core.settings import Settings
from core.vault import Vault, is_sealed
from sampark.commands.mailbox import command
from tests.channels.email.conftest import certificate, dovecot  # noqa: F401 - fixtures
from tests.channels.email.dovecot import PASSWORD, Dovecot
from tests.channels.email.peers import Sink
from tests.channels.email.test_probe import serving


async def mailbox(db: Database, settings: Settings, *arguments: str, **environment: str) -> Result:
    """Run the command in a process's place, on this test's database."""
    given = {
        "DATABASE_URL": db.url,
        "SAMPARK_DATA": str(settings.data),
        "SAMPARK_SECRET": settings.secret.get_secret_value(),
        "SAMPARK_TRUSTED_NETWORKS": "127.0.0.0/8",
        **environment,
    }
    return await asyncio.to_thread(CliRunner().invoke, command, arguments, env=given)


async def stored(db: Database) -> ChannelAccount:
    """The only mailbox."""
    async with reading(db) as session:
        return (await session.scalars(select(ChannelAccount))).one()


ADD = ("add", "help", "--address", "Help@desk.test", "--team", "First line", "--imap-host", "imap.desk.test",
       "--imap-user", "help", "--imap-since", "2026-03-01")  # fmt: skip


async def test_a_mailbox_is_added_changed_listed_and_removed(db: Database, settings: Settings) -> None:
    """The password comes from the environment, is sealed, and stays out of every output."""
    for password in ("unguessable-1", "unguessable-2"):
        added = await mailbox(db, settings, *ADD, SAMPARK_IMAP_PASSWORD=password)
        assert added.exit_code == 0, added.output
        assert "unguessable" not in added.output
    account = await stored(db)
    assert account.team_id is not None
    assert is_sealed(account.settings["imap"]["password"])
    read = imap_settings(account.settings, Vault(settings.secret.get_secret_value()))
    assert read is not None
    assert (read.password, str(read.since), read.import_as) == ("unguessable-2", "2026-03-01", "closed")
    listed = await mailbox(db, settings, "list", "--json")
    assert json.loads(listed.output) == {"name": "help", "address": "help@desk.test", "imap": "imap.desk.test"}
    assert "cannot send" in (await mailbox(db, settings, "list")).output
    removed = await mailbox(db, settings, "remove", "help")
    assert removed.exit_code == 0
    assert not (await stored(db)).is_active
    assert (await mailbox(db, settings, "list")).output == ""
    await mailbox(db, settings, *ADD, SAMPARK_IMAP_PASSWORD="x")
    assert (await stored(db)).is_active


@pytest.mark.parametrize(
    ("arguments", "problem", "words"),
    [
        (("remove", "nobody"), NotFound, "no mailbox nobody"),
        (("test", "nobody"), NotFound, "no mailbox nobody"),
        (("add", "help", "--address", "nobody"), Invalid, "looks like"),
        (("add", "help", "--address", "a@b.c", "--imap-host", "x y", "--imap-user", "u"), Invalid, "imap.host"),
    ],
)
async def test_what_is_wrong_is_a_sentence(
    db: Database, settings: Settings, arguments: tuple[str, ...], problem: type[Exception], words: str
) -> None:
    """The command line prints it and ends with 1 (``sampark/cli.py``)."""
    result = await mailbox(db, settings, *arguments, SAMPARK_IMAP_PASSWORD="x")
    assert isinstance(result.exception, problem)
    assert words in str(result.exception)


@pytest.mark.peer
async def test_a_mailbox_is_tried_out(db: Database, settings: Settings, dovecot: Dovecot) -> None:  # noqa: F811
    """Exit code 0 when both sides work, 1 when one does not, and words for each."""
    user = dovecot.fresh()
    async with serving(Sink()) as port:
        await mailbox(
            db, settings, "add", "box", "--address", "box@desk.test", "--imap-host", "127.0.0.1", "--imap-port",
            str(dovecot.port), "--imap-user", user, "--imap-tls", "none", "--smtp-host", "127.0.0.1", "--smtp-port",
            str(port), "--smtp-tls", "none", SAMPARK_IMAP_PASSWORD=PASSWORD,
        )  # fmt: skip
        good = await mailbox(db, settings, "test", "box")
        assert good.exit_code == 0, good.output
        assert "reading (IMAP): ok" in good.output
        assert "sending (SMTP): ok" in good.output
    bad = await mailbox(db, settings, "test", "box", "--json")
    assert bad.exit_code == 1
    said = json.loads(bad.output)
    assert (said["imap"]["ok"], said["smtp"]["ok"]) == (True, False)
    assert "refused" in said["smtp"]["detail"]
    assert PASSWORD not in bad.output


async def test_a_start_seals_what_older_versions_left_open(db: Database, settings: Settings) -> None:
    """Whichever command is first after an upgrade."""
    await mailbox(db, settings, *ADD, SAMPARK_IMAP_PASSWORD="x")
    async with db.sessions() as session:
        account = (await session.scalars(select(ChannelAccount))).one()
        account.settings = {"imap": {**account.settings["imap"], "password": "in clear text"}}
        await session.commit()
    await mailbox(db, settings, "list")
    assert is_sealed((await stored(db)).settings["imap"]["password"])
