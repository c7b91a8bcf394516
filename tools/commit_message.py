"""Check a commit message, before git takes it: a short first line that says what the commit does.

python -m tools.commit_message FILE
"""

import re
import sys
from pathlib import Path

MOST = 72
NOT_IMPERATIVE = re.compile(r"^(\w+(ed|ing)|wip|update|misc|changes?)\b", re.IGNORECASE)


def fault(message: str) -> str | None:
    """What is wrong with a message, in a sentence, or None."""
    lines = [line for line in message.splitlines() if not line.startswith("#")]
    first = lines[0] if lines else ""
    if not first.strip():
        return "The message is empty."
    if len(first) > MOST:
        return f"The first line has {len(first)} characters; {MOST} is the most."
    if not first[0].isupper() or first.endswith("."):
        return "The first line starts with a capital letter and ends without a full stop."
    if NOT_IMPERATIVE.match(first) and not first.startswith(("Embed", "Need", "Speed", "Feed", "Bring", "String")):
        return "The first line says what the commit does, as an order: Add, Mend, Remove."
    if len(lines) > 1 and lines[1].strip():
        return "The second line is empty."
    return None


def main() -> None:
    """Refuse a message that is at fault."""
    found = fault(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.exit(found or 0)


if __name__ == "__main__":
    main()
