"""``sampark mailbox``: connect mailboxes, try them out, and see how they are doing."""

import json
import sys
from collections.abc import Callable
from typing import Any

import click
import msgspec
import uvloop
from sqlalchemy.ext.asyncio import AsyncSession

from channels.email import connect, probe
from channels.email.accounts import Encryption
from channels.email.connect import Change
from channels.email.probe import Trial
from channels.models import ChannelAccount
from core import log
from core.db import reading, unit_of_work
from core.errors import NotFound
from core.settings import load
from sampark.runtime import load_for_mailboxes, running
from staff import teams

DEFAULT_PORTS = {
    "imap": {Encryption.TLS: 993, Encryption.STARTTLS: 143, Encryption.NONE: 143},
    "smtp": {Encryption.TLS: 465, Encryption.STARTTLS: 587, Encryption.NONE: 25},
}


@click.group("mailbox")
def command() -> None:
    """Connect mailboxes, try them out, list them, let go of them."""
    log.configure("WARNING")


def server_options(kind: str, tls: Encryption) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options that describe a server; the password comes from the environment or is asked for."""

    def add(function: Callable[..., None]) -> Callable[..., None]:
        name = kind.upper()
        options = [
            click.option(f"--{kind}-host", default="", help=f"The {name} server."),
            click.option(f"--{kind}-port", type=int, default=None, help="Its port; the usual one if not given."),
            click.option(f"--{kind}-user", default="", help="Name of the sign-in."),
            click.option(
                f"--{kind}-tls",
                type=click.Choice([each.value for each in Encryption]),
                default=tls.value,
                show_default=True,
                help="TLS from the start, STARTTLS, or none.",
            ),
        ]
        for option in reversed(options):
            function = option(function)
        return function

    return add


def server(kind: str, options: dict[str, Any]) -> dict[str, Any] | None:
    """The settings of a server from its options; None when no host was named. Asks for the password of a user."""
    if not options[f"{kind}_host"]:
        return None
    tls = Encryption(options[f"{kind}_tls"])
    user = options[f"{kind}_user"]
    password = options[f"{kind}_password"]
    if user and password is None:
        password = click.prompt(f"{kind.upper()} password of {user}", hide_input=True)
    return {
        "host": options[f"{kind}_host"],
        "port": options[f"{kind}_port"] or DEFAULT_PORTS[kind][tls],
        "user": user,
        "password": password or "",
        "tls": tls.value,
    }


@command.command("add")
@click.argument("name")
@click.option("--address", required=True, help="What customers write to.")
@click.option("--alias", "aliases", multiple=True, help="A further address that ends in it; may be repeated.")
@click.option("--display-name", default="", help="The sender's name that customers read; left out, its brand's.")
@click.option("--team", default=None, help="The team that owns what comes in; made when there is none.")
@server_options("imap", Encryption.TLS)
@click.option("--imap-folder", default="INBOX", show_default=True, help="The one folder that is read.")
@click.option(
    "--imap-since",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help="Leave older mails where they are when the mailbox is read for the first time.",
)
@click.option(
    "--import-as",
    type=click.Choice(["closed", "open"]),
    default="closed",
    show_default=True,
    help="What mails become that lie there already: closed tickets with their own dates, or open ones.",
)
@click.option("--imap-password", envvar="SAMPARK_IMAP_PASSWORD", default=None, hidden=True)
@server_options("smtp", Encryption.STARTTLS)
@click.option("--smtp-password", envvar="SAMPARK_SMTP_PASSWORD", default=None, hidden=True)
def add(name: str, address: str, aliases: tuple[str, ...], display_name: str, team: str | None, **options: Any) -> None:
    """Connect the mailbox NAME, or change it to what is said here.

    Passwords are asked for, or taken from SAMPARK_IMAP_PASSWORD and SAMPARK_SMTP_PASSWORD. Without an IMAP server the
    mailbox takes what the mail listener is given for its address. A mailbox that signs in by OAuth (Google, Microsoft)
    is connected in the console, under Settings, Mailboxes: its owner has to say yes in a browser.
    """
    imap, smtp = server("imap", options), server("smtp", options)
    if imap is not None:
        since = options["imap_since"]
        imap |= {"folder": options["imap_folder"], "import_as": options["import_as"]}
        imap |= {"since": since.date().isoformat()} if since else {}

    async def run() -> None:
        async with running(load()) as runtime, unit_of_work(runtime.db) as session:
            team_id = await teams.create(session, team) if team else None
            change = Change(
                name=name,
                address=address,
                aliases=aliases,
                display_name=display_name,
                team_id=team_id,
                imap=imap,
                smtp=smtp,
            )
            known = await connect.named(session, name)
            if known is None:
                await connect.create(session, runtime.vault, change)
            else:
                await connect.change(session, runtime.vault, known, change)
                await connect.switch(session, known, active=True)
        click.echo(f"The mailbox {name} is connected. `sampark mailbox test {name}` tries it out.")

    uvloop.run(run())


@command.command("test")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def test(name: str, as_json: bool) -> None:
    """Sign in to the servers of the mailbox NAME and say what happens; changes nothing. Exits 1 on a failure."""

    async def run() -> Trial:
        async with running(load_for_mailboxes()) as runtime:
            async with reading(runtime.db) as session:
                account = await _named(session, name)
                settings, address = account.settings, account.address
            return await probe.stored(runtime.signin, account.id, settings, address)

    found = uvloop.run(run())
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        for part, said in (("reading (IMAP)", found.imap), ("sending (SMTP)", found.smtp)):
            click.echo(f"{part}: " + ("not set up" if said is None else ("ok" if said.ok else "FAILED")))
            if said is not None:
                click.echo(f"  {said.detail}")
    if not found.ok:
        sys.exit(1)


async def _named(session: AsyncSession, name: str) -> ChannelAccount:
    account_id = await connect.named(session, name)
    if account_id is None:
        raise NotFound(f"There is no mailbox {name}.")
    return await connect.find(session, account_id)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(as_json: bool) -> None:
    """List the connected mailboxes; never their passwords."""

    async def run() -> list[ChannelAccount]:
        async with running(load()) as runtime, reading(runtime.db) as session:
            return [each for each in await connect.every(session) if each.is_active]

    for each in uvloop.run(run()):
        servers = {part: each.settings[part]["host"] for part in ("imap", "smtp") if each.settings.get(part)}
        if as_json:
            click.echo(json.dumps({"name": each.name, "address": each.address, **servers}, ensure_ascii=False))
        else:
            read = f"read from {servers['imap']}" if "imap" in servers else "fed by the mail listener"
            sent = f"sends through {servers['smtp']}" if "smtp" in servers else "cannot send"
            click.echo(f"{each.name}  {each.address}  {read}, {sent}")


@command.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Stop reading the mailbox NAME and taking mail for it. Its tickets stay; `add` connects it again."""

    async def run() -> None:
        async with running(load()) as runtime, unit_of_work(runtime.db) as session:
            account = await _named(session, name)
            await connect.switch(session, account.id, active=False)
        click.echo(f"The mailbox {name} is let go.")

    uvloop.run(run())
