"""Run every house rule over the sources; exit code 1 when one is broken.

python -m tools.lint [PATH...]
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.lint import clock, commit, handlers, size, tickets
from tools.lint.rule import Finding, Source

ROOT = Path(__file__).resolve().parents[2]
RULES = (clock.RULE, commit.RULE, handlers.RULE, size.RULE, tickets.RULE)
CONSOLE = (".ts", ".vue")


def sources() -> list[str]:
    """The files of the checkout that are ours: known to git or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for path in listed.stdout.splitlines() if (ROOT / path).is_file()]


def check_file(path: str) -> Iterator[tuple[str, Finding]]:
    """What every rule finds in one file, with the rule's code."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if path.endswith(CONSOLE):
        yield from ((size.RULE.code, finding) for finding in size.too_long(path, text))
        return
    source = Source.parse(path, text)
    for rule in RULES:
        yield from ((rule.code, finding) for finding in rule.findings(source))


def run(paths: Iterable[str]) -> list[str]:
    """One line for every finding in these files."""
    return [
        f"{path}:{finding.line}: {code}: {finding.message}"
        for path in paths
        if path.endswith((".py", *CONSOLE))
        for code, finding in check_file(path)
    ]


def main() -> None:
    """Check the paths named, or everything."""
    found = run(sys.argv[1:] or sources())
    print("\n".join(found) if found else f"{len(RULES)} house rules kept")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
