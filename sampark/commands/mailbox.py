"""``sampark mailbox``: connect mailboxes, and see how they are doing."""

import json
from collections.abc import Callable
from typing import Any

import click
import uvloop

from channels.email import accounts
from channels.email.accounts import Encryption, ImapSettings, SmtpSettings
from channels.email.connect import Mailbox, connect, disconnect
from core import log
from core.db import reading, unit_of_work
from core.settings import load
from sampark.runtime import running

DEFAULT_PORTS = {
    "imap": {Encryption.TLS: 993, Encryption.STARTTLS: 143, Encryption.NONE: 143},
    "smtp": {Encryption.TLS: 465, Encryption.STARTTLS: 587, Encryption.NONE: 25},
}


@click.group("mailbox")
def command() -> None:
    """Connect mailboxes, list them, let go of them."""
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
        "tls": tls,
    }


@command.command("add")
@click.argument("name")
@click.option("--address", required=True, help="What customers write to.")
@click.option("--alias", "aliases", multiple=True, help="A further address that ends in it; may be repeated.")
@click.option("--display-name", default="", help="The sender's name that customers read.")
@click.option("--team", default=None, help="The team that owns what comes in; made when there is none.")
@server_options("imap", Encryption.TLS)
@click.option("--imap-folder", default="INBOX", show_default=True, help="The one folder that is read.")
@click.option(
    "--imap-since",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help="Leave older mails where they are when the mailbox is read for the first time.",
)
@click.option("--imap-password", envvar="SAMPARK_IMAP_PASSWORD", default=None, hidden=True)
@server_options("smtp", Encryption.STARTTLS)
@click.option("--smtp-password", envvar="SAMPARK_SMTP_PASSWORD", default=None, hidden=True)
def add(name: str, address: str, aliases: tuple[str, ...], display_name: str, team: str | None, **options: Any) -> None:
    """Connect the mailbox NAME, or change it to what is said here.

    Passwords are asked for, or taken from SAMPARK_IMAP_PASSWORD and SAMPARK_SMTP_PASSWORD. Without an IMAP server the
    mailbox takes what the mail listener is given for its address.
    """
    imap, smtp = server("imap", options), server("smtp", options)
    since = options["imap_since"]
    mailbox = Mailbox(
        name=name,
        address=address,
        aliases=aliases,
        display_name=display_name,
        team=team,
        imap=ImapSettings(**imap, folder=options["imap_folder"], since=since.date() if since else None)
        if imap
        else None,
        smtp=SmtpSettings(**smtp) if smtp else None,
    )

    async def run() -> None:
        async with running(load()) as runtime, unit_of_work(runtime.db) as session:
            await connect(session, mailbox)
        click.echo(f"The mailbox {name} is connected. `sampark doctor` tells when it was read.")

    uvloop.run(run())


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(as_json: bool) -> None:
    """List the connected mailboxes; never their passwords."""

    async def run() -> list[accounts.MailAccount]:
        async with running(load()) as runtime, reading(runtime.db) as session:
            return await accounts.listed(session)

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
            await disconnect(session, name)
        click.echo(f"The mailbox {name} is let go.")

    uvloop.run(run())
