"""Unpack the Chromium of the npm package @sparticuz/chromium into build/chromium, with its libraries.

Only x86-64 Linux; elsewhere name a browser with CHROMIUM=/path. Playwright's own switches are used, never
those that the package recommends (they turn web security off).
"""

import tarfile
from pathlib import Path

from tools import assets, environment

HERE = Path(__file__).resolve().parent
START = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH="$here/lib:$here${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec "$here/chrome" "$@"
"""


def unpack(archive: Path, to: Path) -> None:
    """Unpack one tar file and remove it."""
    with tarfile.open(archive) as tar:
        tar.extractall(to, filter="data")
    archive.unlink()


def main() -> None:
    """Install the package, decompress it with Node (Python has no Brotli), write a starter script."""
    target = environment.CHROMIUM
    target.mkdir(parents=True, exist_ok=True)
    assets.install(HERE)
    assets.npm("run", "--silent", "unpack", cwd=HERE, TARGET=str(target))
    unpack(target / "al2023.tar", target)
    unpack(target / "swiftshader.tar", target)
    (target / "chrome").chmod(0o755)
    starter = target / "chromium"
    starter.write_text(START)
    starter.chmod(0o755)


if __name__ == "__main__":
    main()
