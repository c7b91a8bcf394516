"""Only the unit of work in core/db.py commits.

The bug it prevents: a service that commits half way leaves a reply without its delivery job when the second
half fails, and the error answer says that nothing happened.
"""

import ast
from collections.abc import Iterator

from tools.lint.rule import Finding, Rule, Source, dotted

FREE = ("core/db.py",)
OUTSIDE = frozenset({"tests", "tools", "migrations"})


def check(source: Source) -> Iterator[Finding]:
    """Find every call of something named commit."""
    if str(source.path) in FREE or source.package in OUTSIDE:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
            yield Finding(node.lineno, f"{dotted(node.func)}() commits; the unit of work does that")


RULE = Rule(
    code="no-commit",
    check=check,
    good=(
        ("tickets/reply.py", "async def reply(session):\n    await session.flush()\n"),
        ("core/db.py", "async def edge(session):\n    await session.commit()\n"),
    ),
    bad=(
        ("tickets/reply.py", "async def reply(session):\n    await session.commit()\n"),
        ("agent_ui/api/tickets.py", "async def reply(self):\n    await self.session.commit()\n"),
    ),
)
