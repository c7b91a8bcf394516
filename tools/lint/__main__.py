"""Run every house rule over the sources; exit code 1 when one is broken.

python -m tools.lint [PATH...]
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tools.lint import clock, commit, handlers, size, tickets
from tools.lint.rule import Finding, Source

ROOT = Path(__file__).resolve().parents[2]
RULES = (clock.RULE, commit.RULE, handlers.RULE, size.RULE, tickets.RULE)
NOT_OURS = frozenset({"node_modules", "build", "dist", "data", "static"})
CONSOLE = (".ts", ".vue")


def sources() -> list[str]:
    """The files of the checkout that are ours: known to git or about to be; without git, all that are not built."""
    git = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        listed = [str(Path(folder, name).relative_to(ROOT)) for folder, name in walk()]
    return [path for path in listed if (ROOT / path).is_file()]


def walk() -> Iterator[tuple[str, str]]:
    """Every file but those of other people and those that were built."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in NOT_OURS]
        yield from ((folder, name) for name in files)


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
