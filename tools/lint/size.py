"""A module stays under 500 lines, a component of the console under 250.

The bug it prevents: none at once, all of them later. A file that nobody reads to its end is where two
functions for the same thing live. Split it by verb (Python) or by part of the screen (Vue).
"""

from collections.abc import Iterator

from tools.lint.rule import Finding, Rule, Source

MOST = {".py": 500, ".ts": 500, ".vue": 250}
GENERATED = ("agent_ui/web/src/shared/api/schema", "migrations/versions/")


def too_long(path: str, text: str) -> Iterator[Finding]:
    """Find a file that is longer than its kind may be; for files of the console as well."""
    most = next((lines for ending, lines in MOST.items() if path.endswith(ending)), None)
    length = text.count("\n")
    if most and length > most and not path.startswith(GENERATED):
        yield Finding(1, f"{length} lines; {most} is the most, split it by verb")


def check(source: Source) -> Iterator[Finding]:
    """The same for a parsed Python module."""
    return too_long(str(source.path), source.text)


RULE = Rule(
    code="module-size",
    check=check,
    good=(("core/db.py", "x = 1\n" * 500),),
    bad=(("core/db.py", "x = 1\n" * 501),),
)
