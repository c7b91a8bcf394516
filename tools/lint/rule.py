"""What a house rule is, and the small things that rules share."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

SKIP = re.compile(r"#\s*lint:\s*skip=(?P<code>[a-z-]+)\s+-\s+\S")


@dataclass(frozen=True)
class Source:
    """One Python file: its path inside the repository, text and syntax tree."""

    path: PurePosixPath
    text: str
    tree: ast.Module

    @classmethod
    def parse(cls, path: str, text: str) -> "Source":
        """Read a file's text.

        Raises:
            SyntaxError: when it is not Python.
        """
        return cls(PurePosixPath(path), text, ast.parse(text, path))

    @property
    def package(self) -> str:
        """The top-level package that the file is in, or the file's own name."""
        return self.path.parts[0]


@dataclass(frozen=True)
class Finding:
    """One place where a rule is broken; `line` counts from 1."""

    line: int
    message: str


@dataclass(frozen=True)
class Rule:
    """A check with its skip code, and examples that its own test runs.

    Args:
        good: sources (path, text) that must pass.
        bad: sources (path, text) that must be found.
    """

    code: str
    check: Callable[[Source], Iterable[Finding]]
    good: tuple[tuple[str, str], ...]
    bad: tuple[tuple[str, str], ...]

    def findings(self, source: Source) -> Iterator[Finding]:
        """What the rule finds, less the lines that were let off with its code and a reason."""
        lines = source.text.splitlines()
        for finding in self.check(source):
            line = lines[finding.line - 1] if finding.line <= len(lines) else ""
            skip = SKIP.search(line)
            if skip is None or skip["code"] != self.code:
                yield finding


def dotted(node: ast.expr) -> str:
    """The dotted name of an expression such as `a.b.c`; other parts become `?`."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def imported_names(tree: ast.Module) -> dict[str, str]:
    """Local name → full dotted name, for every import of a module."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def full_name(node: ast.expr, names: dict[str, str]) -> str:
    """The dotted name of an expression with its first part replaced by what it was imported as."""
    first, _, rest = dotted(node).partition(".")
    start = names.get(first, first)
    return f"{start}.{rest}" if rest else start
