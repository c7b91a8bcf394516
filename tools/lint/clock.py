"""Only core/clock.py asks the operating system (or the database) for the time.

The bug it prevents: one `datetime.now()` in a service-level timer keeps running on real time while the test
has turned the clock to Monday morning, so the timer is never seen firing and breaks in production only.
`func.now()` is the same bug with the database's clock. Durations are measured with `core.clock.monotonic()`.
"""

import ast
from collections.abc import Iterator

from tools.lint.rule import Finding, Rule, Source, full_name, imported_names

ASKS = frozenset(
    {
        "time.time",
        "time.time_ns",
        "time.monotonic",
        "time.monotonic_ns",
        "time.perf_counter",
        "time.perf_counter_ns",
        "time.localtime",
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "datetime.date.today",
        "sqlalchemy.func.now",
        "sqlalchemy.func.current_timestamp",
        "sqlalchemy.func.clock_timestamp",
    }
)
FREE = ("core/clock.py",)
OUTSIDE = frozenset({"tests", "tools"})


def check(source: Source) -> Iterator[Finding]:
    """Find calls and bare references, so that `default_factory=time.time` is seen as well."""
    if str(source.path) in FREE or source.package in OUTSIDE:
        return
    names = imported_names(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and full_name(node, names) in ASKS:
            yield Finding(node.lineno, f"{full_name(node, names)} asks for the time; use core.clock")
        elif isinstance(node, ast.Name) and names.get(node.id) in ASKS:
            yield Finding(node.lineno, f"{names[node.id]} asks for the time; use core.clock")


RULE = Rule(
    code="no-clock",
    check=check,
    good=(
        ("tickets/reply.py", "from core import clock\nat = clock.now()\n"),
        ("core/clock.py", "import time\nmonotonic = time.monotonic\n"),
        ("channels/email/dates.py", "from datetime import datetime\nstart = datetime.fromtimestamp(0)\n"),
    ),
    bad=(
        ("tickets/reply.py", "import time\nat = time.time()\n"),
        ("tickets/reply.py", "from datetime import UTC, datetime\nat = datetime.now(UTC)\n"),
        ("tickets/reply.py", "import datetime as dt\nday = dt.date.today()\n"),
        ("tickets/reply.py", "from time import monotonic as ticks\nat = ticks()\n"),
        ("tickets/models.py", "from sqlalchemy import func\ndefault = func.now()\n"),
        (
            "core/jobs.py",
            "from dataclasses import field\nimport time\nat = field(default_factory=time.time)\n",
        ),
    ),
)
