"""Write the reference pages from the code, or check that they are current.

Each page is a function that returns its text; PAGES is the whole list. What cannot be generated (the
glossary, the flows) is written by hand and checked by tests/architecture.

    python -m tools.docs [--check]
"""

import difflib
import functools
import importlib
import json
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from litestar import Litestar

from agent_ui import routes as agent_routes
from core import errors, events
from core.db import Database
from core.settings import Settings
from core.storage import Storage
from sampark import cli
from sampark.asgi import create_app
from sampark.runtime import Runtime
from sampark.wiring import Wiring
from staff import permissions

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
PACKAGES = (
    "agent_ui",
    "automation",
    "channels",
    "core",
    "customers",
    "knowledge_base",
    "products",
    "portal",
    "routing",
    "sampark",
    "simulator",
    "staff",
    "tickets",
)
BUILD = ROOT / "build" / "docs"
NOTE = "<!-- Written by `make docs`; change the code, not this page. -->\n"


def page(title: str, intro: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A page of a heading, some words and a table; bars and line ends in cells are made harmless."""

    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"

    head = tuple(head)
    lines = [
        f"# {title}",
        "",
        *textwrap.wrap(" ".join(intro.split()), 108),
        "",
        line(head),
        "|" + "---|" * len(head),
        *map(line, rows),
    ]
    return "\n".join(lines) + "\n"


Kind = TypeVar("Kind")


def summary(thing: object) -> str:
    """The first paragraph of a docstring."""
    return (getattr(thing, "__doc__", None) or "").strip().partition("\n\n")[0].replace("``", "`")


def subclasses(root: type[Kind]) -> Iterator[type[Kind]]:
    """A class and all that derive from it, parents first."""
    yield root
    for child in root.__subclasses__():
        yield from subclasses(child)


@functools.cache
def import_all() -> None:
    """Import every module of the product, so that no event and no error is missed whoever asks."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if not path.stem.startswith("__") and "node_modules" not in parts:
                importlib.import_module(".".join(parts))


@functools.cache
def desk() -> tuple[Litestar, Wiring]:
    """The application and its tables as they are put together at start, with no database behind them.

    The settings are their defaults, whatever the environment says.
    """
    settings = Settings.model_construct(simulator=True)
    runtime = Runtime(settings, Database("postgresql://nobody@localhost/nothing"), Storage(BUILD), "no secret")
    parts = Wiring(runtime)
    return create_app(runtime, parts), parts


def settings_page() -> str:
    """Every setting: its name in the environment, default, meaning."""

    def row(name: str) -> tuple[str, str, str]:
        field = Settings.model_fields[name]
        variable = "DATABASE_URL" if name == "database_url" else f"SAMPARK_{name.upper()}"
        default: Any = None if field.default_factory else field.default  # what it is taken from is in its meaning
        shown = default.get_secret_value() if hasattr(default, "get_secret_value") else default
        shown = ",".join(shown) if isinstance(shown, tuple) else "" if shown is None else str(shown)
        return f"`{variable}`", f"`{shown}`" if shown else "", field.description or ""

    intro = "Read once at start: from the environment, then from `.env` in the working folder, then the default."
    return page("Settings", intro, ("Name", "Default", "Meaning"), map(row, Settings.model_fields))


def event_fields(kind: type[events.Event]) -> str:
    """The fields of an event that stand in its `data`."""
    own = (field for field in msgspec.structs.fields(kind) if field.name not in events.COLUMNS)
    return ", ".join(f"`{field.name}`" for field in own)


def events_page() -> str:
    """Every event that the product records."""
    import_all()
    known = [kind for kind in subclasses(events.Event) if kind.kind and not kind.__module__.startswith("tests")]
    rows = [
        (f"`{kind.kind}`", f"`{kind.__module__}.{kind.__name__}`", event_fields(kind), summary(kind))
        for kind in sorted(known, key=lambda kind: kind.kind)
    ]
    intro = """
        Each change writes one of these rows in its own transaction (`core/events.py`): it is the audit trail,
        the timeline, the live feed and the source of reports. All carry who did it, when, and by which rule;
        the fields below stand in `data`.
    """
    return page("Events", intro, ("Kind", "Class", "Data", "When"), rows)


def errors_page() -> str:
    """Every expected error: its status, stable code, meaning."""
    import_all()
    rows = {
        (f"`{kind.code}`", str(kind.status), f"`{kind.__module__}.{kind.__name__}`", summary(kind))
        for kind in subclasses(errors.DeskError)
        if kind is not errors.DeskError and not kind.__module__.startswith("tests")
    }
    intro = """
        Every error is answered as `application/problem+json` (RFC 9457) with `status`, `title`, `detail` and
        a stable `code`. Those of 500 and above never leave the house: jobs and commands look at them.
    """
    by_status = sorted(rows, key=lambda row: row[1:])
    return page("Errors", intro, ("Code", "Status", "Class", "Meaning"), by_status)


def permissions_page() -> str:
    """Every permission, and which role holds it."""
    roles = list(permissions.ROLES)
    rows = (
        (f"`{name}`", meaning, *("yes" if name in permissions.ROLES[role] else "" for role in roles))
        for name, meaning in permissions.PERMISSIONS.items()
    )
    intro = "A route asks for a permission, a role is a set of them (`staff/permissions.py`)."
    return page("Permissions", intro, ("Permission", "Allows", *(str(role) for role in roles)), rows)


def jobs_page() -> str:
    """Every job that workers run."""
    rows = (
        (f"`{job.name}`", f"`{job.handler.__module__}.{job.handler.__qualname__}`", summary(job.handler))
        for _, job in sorted(desk()[1].registry.by_name.items())
    )
    intro = """
        Rows written in the transaction that makes them necessary, run at least once by a worker
        (`core/jobs.py`); the table is in `sampark/wiring.py`.
    """
    return page("Jobs", intro, ("Name", "Handler", "What it does"), rows)


def commands(command: click.Command, path: str) -> Iterator[str]:
    """The help of a command and of those below it, as sections."""
    context = click.Context(command, info_name=path, terminal_width=100, max_content_width=100)
    yield f"## `{path}`\n\n```text\n{command.get_help(context).rstrip()}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                yield from commands(child, f"{path} {name}")


def cli_page() -> str:
    """The command line, as its own help says."""
    return "# Command line\n\n" + "\n".join(commands(cli.cli, "sampark"))


def openapi_page() -> str:
    """The REST API that agents' programs use, as OpenAPI; the types of the console are made from it."""
    schema = agent_routes.DESCRIPTION.schema
    return json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "cli.md": cli_page,
    "events.md": events_page,
    "errors.md": errors_page,
    "permissions.md": permissions_page,
    "jobs.md": jobs_page,
    "openapi.json": openapi_page,
}


def render(name: str) -> str:
    """The text of one page as it should be."""
    text = PAGES[name]()
    return text if name.endswith(".json") else text.replace("\n", f"\n\n{NOTE}", 1)


def stale(name: str) -> str:
    """The difference between a page and what it should be; empty when it is current."""
    path = REFERENCE / name
    now = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = difflib.unified_diff(now.splitlines(), render(name).splitlines(), name, "generated", lineterm="", n=0)
    return "\n".join(list(lines)[:20])


def main() -> None:
    """Write all pages; with `--check` only say which are stale (exit code 1)."""
    if "--check" in sys.argv:
        found = list(filter(None, map(stale, PAGES)))
        print("\n".join([*found, "Stale pages: run `make docs`."]) if found else "the reference pages are current")
        sys.exit(1 if found else 0)
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        (REFERENCE / name).write_text(render(name), encoding="utf-8")


if __name__ == "__main__":
    main()
