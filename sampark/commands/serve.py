"""``sampark serve``: run the desk, or some of its roles, until Ctrl-C."""

import asyncio
import gc
import signal
from typing import Any

import click
import uvloop

from channels.email.certificate import Certificate
from core import clock, log
from core.errors import Invalid, StartError
from core.settings import Settings, load
from sampark.commands.demo import announce, fill
from sampark.roles import ROLES, Roles, check_ports
from sampark.runtime import running
from simulator import plays


def _roles(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    wrong = [name for name in names if name not in ROLES]
    if wrong or not names:
        raise click.BadParameter(f"choose from {', '.join(ROLES)}")
    return names


@click.command("serve")
@click.option(
    "--roles",
    default=",".join(ROLES),
    show_default=True,
    callback=_roles,
    help="What this process does, comma separated. Singletons among them are elected.",
)
@click.option("--demo", is_flag=True, help="Fill an empty desk with the demo company and run the mail simulator.")
def command(roles: tuple[str, ...], demo: bool) -> None:
    """Run the desk until Ctrl-C. Data stay in the data folder (SAMPARK_DATA)."""
    gc.set_threshold(100_000, 50, 100)  # what starts now lives as long as the process
    settings = load(simulator=True) if demo else load()
    log.configure(settings.log_level if not demo else "WARNING", as_json=settings.log_json)
    uvloop.run(_serve(settings, roles, demo=demo))


def _ports(settings: Settings, roles: tuple[str, ...]) -> list[tuple[str, int, str]]:
    ports = []
    if "web" in roles:
        ports.append((settings.http_host, settings.http_port, "SAMPARK_HTTP_PORT"))
    if "mail" in roles:
        ports.append((settings.smtp_host, settings.smtp_port, "SAMPARK_SMTP_PORT"))
        if settings.lmtp_port is not None:
            ports.append((settings.lmtp_host, settings.lmtp_port, "SAMPARK_LMTP_PORT"))
        if settings.simulator:
            ports.append(("127.0.0.1", settings.simulator_smtp_port, "SAMPARK_SIMULATOR_SMTP_PORT"))
            ports.append(("127.0.0.1", settings.simulator_imap_port, "SAMPARK_SIMULATOR_IMAP_PORT"))
    return ports


def _check_play(settings: Settings) -> None:
    try:
        if settings.simulator:
            plays.play(settings.simulator_play, f"support@{settings.mail_domain}")
    except Invalid as problem:
        names = ", ".join(plays.PLAYS)
        raise StartError(f"SAMPARK_SIMULATOR_PLAY is wrong: {problem.detail} (it may be {names} or a file).") from None


async def _serve(settings: Settings, roles: tuple[str, ...], *, demo: bool) -> None:
    started = clock.monotonic()
    check_ports(*_ports(settings, roles))
    if "mail" in roles:
        Certificate(settings)  # one clear sentence before anything is started
    _check_play(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if demo and not settings.database_url and not (settings.data / "postgres").exists():
        click.echo("Setting up the database and the demo company. This happens once and takes up to a minute.")
    async with running(settings) as runtime:
        if stop.is_set():
            return
        summary: Any = await fill(runtime) if demo else None

        def ready() -> None:
            click.echo(f"Sampark is ready after {clock.monotonic() - started:.1f} s ({', '.join(roles)}).")
            if "web" in roles:
                announce(settings, summary)

        await Roles(runtime).run(roles, stop, ready)
    click.echo("Sampark has stopped. Nothing is lost; start it again any time.")
