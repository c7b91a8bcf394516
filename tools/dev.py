"""`make dev`: the product reloads when Python changes, the console in place; one address for both.

The portal's scripts are built again whenever they change.

Vite listens on the port that is always used (SAMPARK_HTTP_PORT, 8000) and hands everything but the console to
the product, which listens one port higher. Ctrl-C stops all.
"""

import os
import subprocess
import sys
from pathlib import Path

import watchfiles

from core import settings
from tools import assets

ROOT = Path(__file__).resolve().parents[1]
WATCHED = (
    "agent_ui",
    "automation",
    "channels",
    "core",
    "customers",
    "knowledge_base",
    "products",
    "migrations",
    "portal",
    "routing",
    "sampark",
    "simulator",
    "staff",
    "tickets",
)


def environment(port: int) -> dict[str, str]:
    """The settings of both processes: the product one port above, reached through Vite's."""
    known = settings.load()
    public = os.environ.get("SAMPARK_PUBLIC_URL") or f"http://{known.http_host}:{port}"
    return os.environ | {"SAMPARK_HTTP_PORT": str(port + 1), "SAMPARK_PUBLIC_URL": public}


def start_vite(port: int) -> subprocess.Popen[bytes]:
    """Start Vite's development server on the public port."""
    assets.install()
    command, around = assets.npm_command("run", "--silent", "dev", "--", "--port", str(port), "--strictPort")
    around.pop("CI")  # it would keep Vite from watching
    return subprocess.Popen(command, cwd=assets.SOURCES, env=environment(port) | {"PATH": around["PATH"]})


def watch_portal() -> subprocess.Popen[bytes]:
    """Build the portal's scripts now and after every change; the product reads their manifest when it starts."""
    command, around = assets.npm_command("run", "--silent", "dev", "--", "--logLevel", "warn")
    around.pop("CI")
    places = {"OUT_DIR": str(assets.PORTAL.out), "ASSET_BASE": assets.PORTAL.address}
    return subprocess.Popen(command, cwd=assets.PORTAL.sources, env=around | places)


def main() -> None:
    """Run all until Ctrl-C."""
    port = settings.load().http_port
    vite, portal = start_vite(port), watch_portal()
    os.environ.update(environment(port))
    command = f"{ROOT}/.venv/bin/sampark serve --demo {' '.join(sys.argv[1:])}"
    print(f"· the console with hot replacement: http://127.0.0.1:{port}/console/", flush=True)
    try:
        watchfiles.run_process(
            *(ROOT / name for name in WATCHED),
            target=command,
            target_type="command",
            watch_filter=watchfiles.PythonFilter(ignore_paths=[ROOT / "agent_ui" / "web", ROOT / "portal" / "web"]),
            sigint_timeout=15,
            callback=lambda changes: print(f"· {len(changes)} changed, starting again", flush=True),
        )
    finally:
        for process in (vite, portal):
            process.terminate()
            process.wait(10)


if __name__ == "__main__":
    main()
