"""Check the lock files: complete, without the address of a registry, and of one mind about versions.

npm: a lock written on one kind of machine may lack the optional packages of the others, and the build breaks
there only. `resolved` would pin the registry of whoever wrote the lock (agent_ui/web/.npmrc leaves it out).
Python: what is pinned in two locks is pinned to the same version, so that dev.lock contains run.lock.

    python -m tools.check_lock
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PIN = re.compile(r"^(?P<name>[a-z0-9._-]+)(?:\[[^]]*])?==(?P<version>[^ ;\\]+)", re.MULTILINE)
ADDRESS = re.compile(r"(https?|file)://", re.IGNORECASE)


def npm_faults(lock: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a package-lock.json."""
    packages: dict[str, dict[str, Any]] = lock["packages"]
    present = {path.rpartition("node_modules/")[2] for path in packages}
    for path, package in packages.items():
        missing = set(package.get("optionalDependencies") or {}) - present
        yield from (f"{path}: optional {name} has no entry" for name in sorted(missing))
        if "resolved" in package:
            yield f"{path}: has a `resolved` address"
        if path and not package.get("link") and "integrity" not in package and not package.get("inBundle"):
            yield f"{path}: has no integrity hash"


def pins(text: str) -> dict[str, set[str]]:
    """Package → versions pinned in a requirements lock (several where markers differ)."""
    found: dict[str, set[str]] = {}
    for match in PIN.finditer(text):
        found.setdefault(match["name"], set()).add(match["version"])
    return found


def python_faults(locks: dict[str, str]) -> Iterator[str]:
    """What is wrong with the requirements locks (name → text)."""
    dev = pins(locks["dev"])
    for name, text in locks.items():
        if ADDRESS.search(text):
            yield f"{name}.lock: holds an address"
        for package, versions in pins(text).items():
            if dev.get(package) != versions:
                other = sorted(dev.get(package, []))
                yield f"{name}.lock: {package} {sorted(versions)}, but dev.lock {other}"


def faults() -> list[str]:
    """Everything that is wrong with the locks of this checkout."""
    npm_locks = (
        ROOT / "agent_ui" / "web" / "package-lock.json",
        ROOT / "tools" / "chromium" / "package-lock.json",
        ROOT / "tools" / "lighthouse" / "package-lock.json",
    )
    found = [
        f"{path.relative_to(ROOT)}: {fault}"
        for path in npm_locks
        if path.exists()
        for fault in npm_faults(json.loads(path.read_text()))
    ]
    texts = {path.stem: path.read_text() for path in sorted((ROOT / "requirements").glob("*.lock"))}
    return found + list(python_faults(texts))


def main() -> None:
    """Print what is wrong; exit code 1 when anything is."""
    found = faults()
    print("\n".join(found) if found else "the locks are in order")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
