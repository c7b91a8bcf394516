"""`make lock`: resolve the Python dependencies again and write requirements/*.lock.

With hashes, without hosts.

run: the product. dev: the product with its extras and everything around it. build: the build tool.
node: Node from PyPI.
"""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {
    "run": ["pyproject.toml"],
    "dev": ["pyproject.toml", "--extra", "forecast", "--group", "dev"],
    "build": ["--group", "pyproject.toml:build"],
    "node": ["--group", "pyproject.toml:node"],
}
OPTIONS = [
    "--universal",
    "--no-emit-index-url",
    "--generate-hashes",
    "--python-version=3.11",
    "--custom-compile-command=make lock",
    "--quiet",
]


def main() -> None:
    """Write every lock; what is pinned already stays unless pyproject.toml forbids it."""
    for name, inputs in LOCKS.items():
        output = f"requirements/{name}.lock"
        subprocess.run([ROOT / ".venv/bin/uv", "pip", "compile", *inputs, *OPTIONS, "-o", output], cwd=ROOT, check=True)
        print(f"wrote {output}")


if __name__ == "__main__":
    main()
