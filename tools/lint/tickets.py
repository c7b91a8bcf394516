"""Only the package tickets reads and writes the tables of tickets.

The bug it prevents: a query written elsewhere forgets `visible_to(actor)`, and a search or an export shows
tickets of another team. Who needs tickets asks a function of the package.
"""

import ast
from collections.abc import Iterator

from tools.lint.rule import Finding, Rule, Source, imported_names

VERBS = frozenset({"select", "insert", "update", "delete", "get", "get_one", "select_from", "join", "outerjoin"})
OUTSIDE = frozenset({"tickets", "tests", "tools", "migrations"})


def table_names(tree: ast.Module) -> frozenset[str]:
    """Local names of the models of tickets."""
    return frozenset(
        local
        for local, full in imported_names(tree).items()
        if full.startswith("tickets.models.") and full.rpartition(".")[2][:1].isupper()
    )


def mentions(argument: ast.expr, tables: frozenset[str]) -> str | None:
    """The model that an argument such as `Ticket` or `Ticket.id` names."""
    while isinstance(argument, ast.Attribute):
        argument = argument.value
    return argument.id if isinstance(argument, ast.Name) and argument.id in tables else None


def check(source: Source) -> Iterator[Finding]:
    """Find statements over the models of tickets."""
    if source.package in OUTSIDE:
        return
    tables = table_names(source.tree)
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        verb = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        hit = next(filter(None, (mentions(part, tables) for part in node.args)), None)
        if verb in VERBS and hit:
            yield Finding(node.lineno, f"{verb}({hit}) belongs into the package tickets")


RULE = Rule(
    code="tickets-inside",
    check=check,
    good=(
        ("tickets/lists.py", "from tickets.models import Ticket\nquery = select(Ticket)\n"),
        ("routing/assign.py", "from tickets.lists import open_counts\ncounts = open_counts(session)\n"),
        ("routing/assign.py", "from tickets.models import Ticket\ndef score(ticket: Ticket) -> int: ...\n"),
    ),
    bad=(
        ("routing/assign.py", "from tickets.models import Ticket\nquery = select(Ticket)\n"),
        ("portal/api/requests.py", "from tickets.models import Message as M\nquery = select(M.id)\n"),
        ("channels/inbound.py", "from tickets.models import Ticket\nrow = session.get(Ticket, 1)\n"),
    ),
)
