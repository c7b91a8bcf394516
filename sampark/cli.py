"""The command line. Commands load what they need when they are called, so that ``--help`` answers at once."""

import asyncio
import gc
import importlib
import sys
import warnings
from typing import Any

import click

COMMANDS = {
    "serve": "sampark.commands.serve",
    "demo": "sampark.commands.demo",
    "migrate": "sampark.commands.database",
    "doctor": "sampark.commands.doctor",
    "user": "sampark.commands.user",
    "mailbox": "sampark.commands.mailbox",
    "products": "sampark.commands.products",
    "ingest": "sampark.commands.ingest",
    "parse-email": "sampark.commands.parse_email",
    "reprocess": "sampark.commands.reprocess",
    "search": "sampark.commands.search",
    "kb": "sampark.commands.kb",
    "rules": "sampark.commands.rules",
    "retention": "sampark.commands.retention",
    "simulate": "sampark.commands.simulate",
    "forecast": "sampark.commands.forecast",
    "replay": "sampark.commands.replay",
    "soak": "sampark.commands.soak",
}


def _load(module: str) -> Any:
    """A command, imported while the collector rests: it would walk thousands of modules and functions that stay."""
    gc.disable()
    try:
        return importlib.import_module(module).command
    finally:
        gc.enable()


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - the same
        """Import one command."""
        module = COMMANDS.get(cmd_name)
        found: Any = _load(module) if module else None
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the same
        """List the commands with a line each, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))


SUMMARIES = {
    "serve": "Run the desk: web, worker, mail and scheduler in one process, or some of them.",
    "demo": "Fill an empty desk with the demo company.",
    "migrate": "Bring the database to the shape that this version needs.",
    "doctor": "Check settings, database, mailboxes and jobs; say what is wrong.",
    "user": "Make agents, set passwords, roles and teams.",
    "mailbox": "Connect mailboxes, list them, let go of them.",
    "products": "Take over the catalogue, registrations and orders of a shop system.",
    "ingest": "Feed stored mails through the ledger and the whole pipeline.",
    "parse-email": "Read mails and print what is in them; needs no database.",
    "reprocess": "Process mails again that could not be read.",
    "search": "Look after the search indexes, and measure how well they answer.",
    "kb": "Import articles into the knowledge base, or export them.",
    "rules": "Carry rules, macros and webhooks from one desk to another as a file.",
    "retention": "Tell what has been kept for long enough, or forget it now.",
    "simulate": "Let calls come, and the router give them to so many people; needs no database.",
    "forecast": "Say what will come in which half hour, and how many people it takes.",
    "replay": "Let what came to the desk come again, through changed rules or other people.",
    "soak": "Put the intake of mail under load and accidents; prove that nothing is lost or doubled.",
}


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sampark", message="%(version)s")
def cli() -> None:
    """Sampark, the support desk. Settings come from the environment: see docs/reference/settings.md."""


def main() -> None:
    """Run the command line; an expected problem is one sentence and exit code 1."""
    # The embedded database finds a place for its sockets by itself; nobody need hear of it.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except (click.Abort, KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)
    except Exception as problem:
        detail = getattr(problem, "detail", None)
        if not isinstance(detail, str):
            raise
        click.echo(f"Sampark: {detail}", err=True)
        sys.exit(1)
