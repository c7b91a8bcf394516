"""Handlers of the audiences hold no SQL: guard, decode, one call of a service, view.

The bug it prevents: a query inside a handler is repeated in the next one, forgets the read scope there, and
cannot be tested without HTTP.
"""

import ast
from collections.abc import Iterator

from tools.lint.rule import Finding, Rule, Source, full_name, imported_names

VERBS = frozenset({"select", "insert", "update", "delete", "text", "func"})


def check(source: Source) -> Iterator[Finding]:
    """Find statements in the api folders of the audiences."""
    if source.path.parts[:2] not in {("agent_ui", "api"), ("portal", "api")}:
        return
    names = imported_names(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            called = full_name(node.func, names)
            module, _, verb = called.rpartition(".")
            if module.startswith("sqlalchemy") and verb in VERBS:
                yield Finding(node.lineno, f"{verb}(...) in a handler; move it into the package that owns the table")


RULE = Rule(
    code="no-sql-in-handlers",
    check=check,
    good=(
        ("agent_ui/api/tickets.py", "from tickets import lists\nrows = lists.page(session)\n"),
        ("tickets/lists.py", "from sqlalchemy import select\nquery = select(1)\n"),
    ),
    bad=(
        ("agent_ui/api/tickets.py", "from sqlalchemy import select\nquery = select(Ticket)\n"),
        ("portal/api/requests.py", "import sqlalchemy as sa\nquery = sa.text('select 1')\n"),
    ),
)
