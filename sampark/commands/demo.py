"""``sampark demo``: fill an empty desk with the demo company, once."""

import ctypes

import click
import uvloop

from core import clock, log
from core.settings import Settings, load
from sampark.runtime import Runtime, running
from simulator.demo import DemoSummary, seed


async def fill(runtime: Runtime) -> DemoSummary:
    """Seed the demo company if the desk is empty; returns who can sign in."""
    summary = await seed(runtime.db, runtime.storage, runtime.settings, clock.now(), runtime.secret)
    if summary.created:
        await runtime.db.close()
        _give_back_memory()
    return summary


def _give_back_memory() -> None:
    """Let the system have what filling took; only the C library of GNU needs to be told."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def announce(settings: Settings, summary: DemoSummary | None) -> None:
    """Print where everything is."""
    base = settings.base_url
    lines = [
        ("Console", f"{base}/console/"),
        ("Portal", f"{base}/portal"),
        ("API", f"{base}/api/docs"),
        ("Mail in", f"SMTP {settings.smtp_host}:{settings.smtp_port}"),
    ]
    if settings.lmtp_port is not None:
        lines.append(("", f"LMTP {settings.lmtp_host}:{settings.lmtp_port}"))
    if settings.simulator:
        lines.append(("Simulated mailboxes", f"{base}/simulator"))
    if summary is not None:
        lines += [(f"Sign in as {who.role}", f"{who.email}  password: {who.password}") for who in summary.sign_ins]
        lines.append(("Write to", f"{summary.mailbox}"))
    width = max(len(name) for name, _ in lines)
    click.echo("".join(f"  {name:<{width}}  {value}\n" for name, value in lines) + "Ctrl-C stops it; the data stay.")


@click.command("demo")
def command() -> None:
    """Fill an empty desk with the demo company: agents, customers, 90 days of tickets. Does nothing the second time."""
    settings = load()
    log.configure("WARNING")

    async def run() -> None:
        async with running(settings) as runtime:
            summary = await fill(runtime)
            click.echo(
                "The demo company was set up." if summary.created else "There are data already; nothing was changed."
            )
            announce(settings, summary)

    uvloop.run(run())
