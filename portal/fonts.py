"""The fonts of the portal: those that the console's build brings, so that Indian scripts look alike everywhere.

The build names its files by content, so the style sheet is made from what is there. Without a built console it is
empty, and the system's fonts are used. Browsers fetch a script's font only when a page shows a letter of it.

Every page shows the names of the languages, each in its own script: they have small fonts with their letters alone
(``static/names``), or a page in English would fetch the whole of three scripts before it is drawn.
"""

import hashlib
from pathlib import Path
from typing import Final

from core.i18n import NAMES

ASSETS: Final = Path(__file__).resolve().parents[1] / "agent_ui" / "static" / "console" / "assets"
ADDRESS: Final = "/static/console/assets"
_FACES: Final = (
    (
        "Inter Variable",
        "inter-latin-wght-normal",
        (
            "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-200B,"
            "U+200E-206F,U+20AC,U+20B9,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD"
        ),
    ),
    (
        "Noto Sans Devanagari Variable",
        "noto-sans-devanagari-devanagari-wght-normal",
        "U+0900-097F,U+1CD0-1CF9,U+200C-200D,U+20F0,U+25CC,U+A830-A839,U+A8E0-A8FF",
    ),
    (
        "Noto Sans Bengali Variable",
        "noto-sans-bengali-bengali-wght-normal",
        "U+0951-0952,U+0980-09FE,U+200C-200D,U+25CC",
    ),
    (
        "Noto Sans Kannada Variable",
        "noto-sans-kannada-kannada-wght-normal",
        "U+0951-0952,U+0C80-0CF3,U+200C-200D,U+25CC",
    ),
)


_OF_NAMES: Final = {"hi": "devanagari", "mr": "devanagari", "bn": "bengali", "kn": "kannada"}
"""Language → file in ``static/names``; how they are made stands in docs/dependencies.md."""


def letters_of_names(script: str) -> str:
    """The letters that a script's small font has to have: those of its languages' names, in order."""
    return "".join(sorted({letter for code, name in NAMES.items() if _OF_NAMES.get(code) == script for letter in name}))


def names_sheet(names: Path) -> str:
    """The ``@font-face`` rules for the names of languages.

    Args:
        names: the folder with the small fonts.
    """
    return "\n".join(
        '@font-face { font-family: "Names of Languages"; font-style: normal; font-display: swap; '
        f'src: url("/static/portal/names/{script}.woff2?v={_version(names / f"{script}.woff2")}") format("woff2"); '
        f"unicode-range: {','.join(f'U+{ord(letter):04X}' for letter in letters_of_names(script))}; }}"
        for script in sorted(set(_OF_NAMES.values()))
    )


def _version(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:10]


def style_sheet(assets: Path) -> str:
    """The ``@font-face`` rules for the fonts found in a folder of built assets."""
    found = (
        (family, letters, next(iter(sorted(assets.glob(f"{stem}-*.woff2"))), None)) for family, stem, letters in _FACES
    )
    return "\n".join(
        f'@font-face {{ font-family: "{family}"; font-style: normal; font-display: swap; font-weight: 100 900; '
        f'src: url("{ADDRESS}/{file.name}") format("woff2"); unicode-range: {letters}; }}'
        for family, letters, file in found
        if file is not None
    )


def address(assets: Path, language: str) -> str:
    """The file with the letters of a language, which a page should ask for at once; "" when there is none."""
    script = {"hi": "devanagari-devanagari", "mr": "devanagari-devanagari", "bn": "bengali-bengali"}.get(language)
    stem = f"noto-sans-{script or 'kannada-kannada'}-wght-normal" if language != "en" else "inter-latin-wght-normal"
    found = next(iter(sorted(assets.glob(f"{stem}-*.woff2"))), None)
    return f"{ADDRESS}/{found.name}" if found else ""
