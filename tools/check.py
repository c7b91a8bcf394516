"""`make test`, `make test-fast`, `make check` and `make fix`: every check by name, and a table at the end.

The quiet checks run two at a time and show their output only when they fail. Beside pytest, which often waits for
servers and browsers, they take what it leaves of the processors. Exit code 1 when anything failed.

    python -m tools.check all|fast|static|fix|docs
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools import assets, environment

ROOT = environment.ROOT
REPORTS = ROOT / "build" / "reports"
BIN = environment.VENV / "bin"


@dataclass(frozen=True)
class Check:
    """One named check: command lines that must all succeed, run in a folder of the checkout."""

    name: str
    commands: tuple[str, ...]
    folder: Path = ROOT
    sets: frozenset[str] = frozenset({"all", "static"})


@dataclass(frozen=True)
class Result:
    """How a check went: its output, and how long it took (seconds)."""

    name: str
    failed: bool
    seconds: float
    output: str


EVERYWHERE = frozenset({"all", "static", "fast"})
FULL = frozenset({"all"})
WRITES = frozenset({"fix", "docs"})
WEB = assets.SOURCES
PORTAL = assets.PORTAL.sources

CHECKS = (
    Check("locks", ("python -m tools.check_lock",), sets=EVERYWHERE),
    Check("ruff", ("ruff check .", "ruff format --check ."), sets=EVERYWHERE),
    Check("house rules", ("python -m tools.lint",), sets=EVERYWHERE),
    Check("import contracts", ("lint-imports",), sets=EVERYWHERE),
    Check("translations", ("python -m tools.i18n check",), sets=EVERYWHERE),
    Check("mypy", ("mypy",)),
    Check("basedpyright", ("basedpyright --level error",)),
    Check("generated pages", ("python -m tools.docs --check",)),
    Check("console: API types", ("npm run --silent api-types -- --check",), WEB),
    Check("console: eslint", ("npm run --silent lint",), WEB),
    Check("console: types", ("npm run --silent typecheck",), WEB),
    Check("console: tests", ("npm run --silent test",), WEB, FULL),
    Check("console: size", ("npm run --silent budget -- ../static/console",), WEB, FULL),
    Check("portal: eslint", ("npm run --silent lint",), PORTAL),
    Check("portal: types", ("npm run --silent typecheck",), PORTAL),
    Check("portal: tests", ("npm run --silent test",), PORTAL, FULL),
    Check("portal: size", ("npm run --silent budget -- ../static/built",), PORTAL, FULL),
)
FIXES = (
    Check("ruff", ("ruff check --fix --quiet .", "ruff format ."), sets=frozenset({"fix"})),
    Check("console: eslint", ("npm run --silent lint -- --fix",), WEB, frozenset({"fix"})),
    Check("portal: eslint", ("npm run --silent lint -- --fix",), PORTAL, frozenset({"fix"})),
    Check("generated pages", ("python -m tools.docs",), sets=WRITES),
    Check("console: API types", ("npm run --silent api-types",), WEB, WRITES),
)
# Whole files to each process, in their order: the browser tests stay last, where their event loop disturbs nobody.
SPREAD = ["-n", str(min(4, max(2, os.cpu_count() or 2))), "--dist", "loadfile", "--no-loadscope-reorder"]
PYTEST = {
    "all": [*SPREAD, "--junit-xml", str(REPORTS / "pytest.xml"), "--durations=10"],
    "fast": [*SPREAD, "-q", "-m", "not slow and not browser and not peer"],
}


def surroundings() -> dict[str, str]:
    """The environment of every check: .venv and Node first on the path, and the browser's name."""
    _, around = assets.npm_command()
    around["PATH"] = f"{BIN}{os.pathsep}{around['PATH']}"
    browser = environment.chromium()
    return around | ({"CHROMIUM": browser} if browser else {})


def run(check: Check, around: dict[str, str], *, yields: bool = False) -> Result:
    """Run one check quietly, up to its first command that fails.

    Args:
        check: what is run.
        around: its environment.
        yields: whatever else runs on the machine comes first.
    """
    start = time.monotonic()
    output, failed = "", False
    for command in check.commands:
        line = shlex.split(command)
        if line[0] == "npm":
            line, _ = assets.npm_command(*line[1:])
        if yields and shutil.which("nice"):
            line = ["nice", "-n", "10", *line]
        done = subprocess.run(
            line,
            cwd=check.folder,
            env=around,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        output += done.stdout
        failed = done.returncode != 0
        if failed:
            break
    result = Result(check.name, failed, time.monotonic() - start, output)
    report(result)
    return result


def report(result: Result) -> None:
    """One line as soon as a check is done; its output as well when it failed."""
    if result.failed:
        print(f"\n── {result.name} ──\n{result.output.rstrip()}\n", flush=True)
    print(f"{'FAILED' if result.failed else 'ok':>7}  {result.name}  ({result.seconds:.0f} s)", flush=True)


def run_pytest(options: Sequence[str], around: dict[str, str]) -> Result:
    """Run pytest with its output passed on as it comes; its last line becomes its result."""
    start = time.monotonic()
    last = ""
    with (
        tempfile.TemporaryDirectory(prefix="sampark-pytest-", ignore_cleanup_errors=True) as folder,
        subprocess.Popen(
            [str(BIN / "python"), "-m", "pytest", f"--basetemp={folder}/t", *options],
            cwd=ROOT,
            env=around,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        for line in process.stdout or ():
            print(line, end="", flush=True)
            last = line.strip().strip("= ") or last
    return Result(f"pytest: {last}", process.returncode != 0, time.monotonic() - start, "")


def summarise(results: list[Result], seconds: float) -> None:
    """The table at the end."""
    print("\n" + "─" * 72)
    for result in results:
        print(f"{'FAILED' if result.failed else 'ok':>7}  {result.seconds:5.0f} s  {result.name}")
    failed = sum(result.failed for result in results)
    verdict = f"{failed} of {len(results)} failed" if failed else f"all {len(results)} passed"
    print("─" * 72 + f"\n{verdict} in {seconds:.0f} s")


def main() -> None:
    """Run the set of checks named on the command line."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else "all"
    start = time.monotonic()
    REPORTS.mkdir(parents=True, exist_ok=True)
    assets.install()
    if wanted == "all" and not assets.fresh():
        print("· building the console and the portal's scripts", flush=True)
        assets.build()
    around = surroundings()
    chosen = [check for check in (*CHECKS, *FIXES) if wanted in check.sets]
    with ThreadPoolExecutor(max_workers=1 if wanted in WRITES else 2) as pool:
        quiet = [pool.submit(run, check, around, yields=wanted in PYTEST) for check in chosen]
        tested = [run_pytest(PYTEST[wanted], around)] if wanted in PYTEST else []
        results = [each.result() for each in quiet] + tested
    summarise(results, time.monotonic() - start)
    sys.exit(1 if any(result.failed for result in results) else 0)


if __name__ == "__main__":
    main()
