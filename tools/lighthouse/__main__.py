"""Measure pages of a running portal with Lighthouse (mobile, slow network): by hand, no part of `make test`.

The figures swing with the load of the machine; run it when nothing else does. Lighthouse installs itself on the first
run, into this folder. Needs a Chromium (CHROMIUM=/path, or one on PATH).

    python -m tools.lighthouse [--url http://127.0.0.1:8000] [path …]
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from tools import assets, environment

HERE: Final = Path(__file__).resolve().parent
AIMS: Final = {"performance": 95, "accessibility": 100, "best-practices": 95, "seo": 95}
PATHS: Final = (
    "/portal/en",
    "/portal/en/articles/washing-machine-shakes",
    "/portal/requests/new",
    "/portal/mr",
)
ALLOWED: Final = {"/portal/requests/new": {"is-crawlable"}}
"""The form is kept out of search engines on purpose."""


def measure(address: str) -> dict[str, Any]:
    """Lighthouse's report of a page.

    Raises:
        SystemExit: Lighthouse failed; its own words stand above.
    """
    browser = environment.chromium()
    if browser is None:
        raise SystemExit("no Chromium: name one with CHROMIUM=/path")
    _, around = assets.npm_command()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            *("node", str(HERE / "node_modules" / "lighthouse" / "cli" / "index.js"), address, "--quiet"),
            *("--output=json", f"--output-path={report}"),
            "--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage",
            f"--only-categories={','.join(AIMS)}",
        ]
        done = subprocess.run(command, env=around | {"CHROME_PATH": browser}, check=False)
        if done.returncode:
            raise SystemExit(f"Lighthouse failed on {address}; see above.")
        found: dict[str, Any] = json.loads(report.read_text())
    return found


def failed(report: dict[str, Any], path: str) -> list[str]:
    """The audits that cost points, but those that are meant so."""
    audits = report["audits"]
    named = [ref["id"] for category in report["categories"].values() for ref in category["auditRefs"] if ref["weight"]]
    allowed = ALLOWED.get(path, set())
    return sorted({name for name in named if (audits[name]["score"] or 0) < 0.9 and name not in allowed
                   and audits[name]["scoreDisplayMode"] not in ("notApplicable", "manual", "informative")})  # fmt: skip


def main() -> None:
    """Measure and print; exit code 1 when an aim is missed by more than what is allowed."""
    words = sys.argv[1:]
    port = os.environ.get("SAMPARK_HTTP_PORT", "8000")
    base = words.pop(words.index("--url") + 1) if "--url" in words else f"http://127.0.0.1:{port}"
    paths = [word for word in words if word.startswith("/")] or list(PATHS)
    assets.install(HERE)
    missed = False
    for path in paths:
        report = measure(f"{base}{path}")
        scores = {name: round((category["score"] or 0) * 100) for name, category in report["categories"].items()}
        faults = failed(report, path)
        below = [name for name, aim in AIMS.items() if scores[name] < aim and not (name == "seo" and not faults)]
        missed = missed or bool(below)
        largest = report["audits"]["largest-contentful-paint"]["displayValue"]
        shift = report["audits"]["cumulative-layout-shift"]["displayValue"]
        print(f"{path}: {' '.join(f'{name} {score}' for name, score in scores.items())}; LCP {largest}, CLS {shift}")
        if below:
            print(f"   below the aim: {', '.join(below)}; {', '.join(faults)}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
