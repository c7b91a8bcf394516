"""Translations: one PO file a language for portal, mails and console.

    python -m tools.i18n update     bring locale/*/LC_MESSAGES/sampark.po up to the sources (new sentences stay empty)
    python -m tools.i18n compile    write .mo files and the console's JSON catalogues
    python -m tools.i18n check      fail when something is missing, lost a placeholder, or is not compiled
    python -m tools.i18n pseudo     write the console's pseudo-locale (English with accents, 40 % longer) to build/

Sources are the portal's templates and Python (``_()``), and ``agent_ui/web/src/shared/i18n/en.json``, whose keys become
``msgctxt "console:list.empty"``. Translators edit PO files only; what a developer wrote
into the console's JSON beside a new key is taken over by ``update``.
"""

import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parents[1]
LOCALE: Final = ROOT / "locale"
CONSOLE: Final = ROOT / "agent_ui" / "web" / "src" / "shared" / "i18n"
LANGUAGES: Final = ("hi", "mr", "bn", "kn")
CONTEXT: Final = "console:"
# CLDR 48 puts 0 beside 1 in Hindi, Bangla and Kannada; Babel's own table does not.
PLURALS: Final = {
    "hi": "nplurals=2; plural=(n > 1);",
    "bn": "nplurals=2; plural=(n > 1);",
    "kn": "nplurals=2; plural=(n > 1);",
    "mr": "nplurals=2; plural=(n != 1);",
}
_METHODS: Final = [
    ("portal/templates/**.html", "jinja2"),
    ("portal/**.py", "python"),
    ("core/i18n.py", "python"),
    ("agent_ui/forwarding.py", "python"),
    ("channels/product_mail.py", "python"),
    ("channels/review_mail.py", "python"),
    ("channels/web/hour_words.py", "python"),
    ("channels/web/topics.py", "python"),
    ("channels/chat/transcript.py", "python"),
    ("knowledge_base/markdown.py", "python"),
    ("agent_ui/mail_page.py", "python"),
]
_OPTIONS: Final = {"portal/templates/**.html": {"trimmed": "true"}}
_KEYWORDS: Final = {"_": None, "gettext": None, "ngettext": (1, 2), "text": None, "plural": (1, 2)}
_PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s|\{'[^']*'\}|\{(\w+)\}|<(/?\w+)")


def po_file(language: str) -> Path:
    """Where a language's translations are."""
    return LOCALE / language / "LC_MESSAGES" / "sampark.po"


def flat(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The sentences of a JSON catalogue with their dotted keys."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def nested(sentences: dict[str, str]) -> dict[str, Any]:
    """The other way round: dotted keys as a tree."""
    tree: dict[str, Any] = {}
    for key, sentence in sentences.items():
        *path, last = key.split(".")
        place = tree
        for step in path:
            place = place.setdefault(step, {})
        place[last] = sentence
    return tree


def console_source() -> dict[str, str]:
    """The console's English sentences by key."""
    return dict(flat(json.loads((CONSOLE / "en.json").read_text(encoding="utf-8"))))


def template() -> Catalog:
    """Every sentence of the product."""
    catalog = Catalog(project="sampark", charset="utf-8")
    found = extract_from_dir(
        ROOT, _METHODS, _OPTIONS, keywords=_KEYWORDS, comment_tags=("Translators:",), directory_filter=_searched
    )
    for file, _line, sentence, comments, context in found:
        catalog.add(sentence, locations=[(Path(file).as_posix(), 0)], auto_comments=comments, context=context)
    for key, sentence in console_source().items():
        one, _, many = sentence.partition(" | ")
        catalog.add((one, many) if many else sentence, locations=[("console", 0)], context=CONTEXT + key)
    return catalog


def _searched(folder: str) -> bool:
    """Only the folders that hold sentences; node_modules alone would take a minute."""
    place = Path(folder).relative_to(ROOT).parts
    return not place or place[0] in {"portal", "core", "channels"} or place in {("agent_ui",), ("knowledge_base",)}


def read(language: str) -> Catalog:
    """The translations of a language as they are."""
    with po_file(language).open("rb") as file:
        return read_po(file, locale=language)


def update() -> None:
    """Bring every PO file up to the sources. Translations are kept by sentence, never guessed."""
    for language in LANGUAGES:
        source = template()  # its messages become the catalogue's own, so each language needs another
        path = po_file(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalog = read(language) if path.exists() else Catalog(locale=language, domain="sampark")
        known = {message.context for message in catalog if message.context and all(forms(message)[1])}
        catalog.update(source, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        adopt(language, catalog, known)
        write(language, catalog)


def adopt(language: str, catalog: Catalog, known: set[str]) -> None:
    """Take over what somebody wrote straight into the console's JSON, where the catalogue has nothing yet.

    Args:
        language: of the catalogue.
        catalog: after its update.
        known: contexts that it had translated; what the JSON says of them translates a sentence that has changed.
    """
    written = dict(flat(json.loads((CONSOLE / f"{language}.json").read_text(encoding="utf-8"))))
    for message in catalog:
        given = written.get((message.context or "").removeprefix(CONTEXT))
        if not message.context or message.context in known or given is None or all(forms(message)[1]):
            continue
        parts = given.split(" | ")
        message.string = (parts[0], parts[-1]) if message.pluralizable else given


def write(language: str, catalog: Catalog) -> None:
    """Write a PO file in a fixed form, so that two people's updates do not differ in dates and order."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=0, sort_output=False, omit_header=True, include_lineno=False)
    head = (
        'msgid ""\nmsgstr ""\n"Project-Id-Version: sampark\\n"\n'
        f'"Language: {language}\\n"\n"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: {PLURALS[language]}\\n"\n\n'
    )
    po_file(language).write_bytes(head.encode() + buffer.getvalue())


def forms(message: Message) -> tuple[list[str], list[str]]:
    """A message's source and translation, each as the list of its plural forms."""
    source = [message.id] if isinstance(message.id, str) else list(message.id)
    given = [message.string] if isinstance(message.string, str) else list(message.string or ("",))
    return source, given


def placeholders(sentence: str) -> set[str]:
    """What a translation must not lose: named values and tags."""
    return {match[0] for match in _PLACEHOLDER.finditer(sentence)}


def complaints(language: str, catalog: Catalog, source: Catalog) -> list[str]:
    """What is wrong with a language: missing sentences and lost placeholders."""
    found = []
    for wanted in source:
        if not wanted.id:
            continue
        message = catalog.get(wanted.id if isinstance(wanted.id, str) else wanted.id[0], wanted.context)
        where = f"{language}: {wanted.context or wanted.id}"
        if message is None or not all(forms(message)[1]):
            found.append(f"{where}: not translated")
            continue
        english, given = forms(message)
        for place, translated in enumerate(given):
            lost = placeholders(english[min(place, len(english) - 1)]) ^ placeholders(translated)
            # A form for one thing may leave the number out ("a minute ago").
            if lost and not (place == 0 and len(english) > 1 and lost <= {"{n}", "{s}", "%(num)s"}):
                found.append(f"{where}: placeholders differ: {', '.join(sorted(lost))}")
    return found


def console_catalogue(catalog: Catalog) -> bytes:
    """A language's JSON for the console; what is not translated is left out, so that English shows."""
    sentences: dict[str, str] = {}
    for key, english in console_source().items():
        message = catalog.get(english.partition(" | ")[0], CONTEXT + key)
        if message is not None and all(forms(message)[1]):
            sentences[key] = " | ".join(forms(message)[1])
    return json.dumps(nested(sentences), ensure_ascii=False, indent=2).encode() + b"\n"


def compile_all() -> None:
    """Write the .mo files (not in git) and the console's JSON (in git, so that its build needs no Python)."""
    for language in LANGUAGES:
        catalog = read(language)
        with po_file(language).with_suffix(".mo").open("wb") as file:
            write_mo(file, catalog)
        (CONSOLE / f"{language}.json").write_bytes(console_catalogue(catalog))


def check() -> list[str]:
    """Everything that is wrong, as sentences."""
    source = template()
    wrong: list[str] = []
    for language in LANGUAGES:
        catalog = read(language)
        wrong += complaints(language, catalog, source)
        if (CONSOLE / f"{language}.json").read_bytes() != console_catalogue(catalog):
            wrong.append(f"{language}: the console's catalogue is stale: python -m tools.i18n compile")
    return wrong


_ACCENTS: Final = str.maketrans("AEIOUaeiounycs", "ÅÉÎÖÛåéîöûñýçš")


def pseudo(sentence: str) -> str:
    """A sentence that shows what is not translated or cut off: accented, bracketed, 40 % longer; placeholders stay."""
    parts, last = [], 0
    for match in _PLACEHOLDER.finditer(sentence):
        parts += [sentence[last : match.start()].translate(_ACCENTS), match[0]]
        last = match.end()
    parts.append(sentence[last:].translate(_ACCENTS))
    return f"[{''.join(parts)}{'~' * (len(sentence) * 2 // 5)}]"


def write_pseudo() -> Path:
    """The console's pseudo-locale, in build/."""
    sentences = {
        key: " | ".join(pseudo(form) for form in english.split(" | ")) for key, english in console_source().items()
    }
    path = ROOT / "build" / "pseudo.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(nested(sentences), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path


def main() -> None:
    """Do what the first argument says."""
    task = sys.argv[1] if len(sys.argv) == 2 else ""
    if task == "update":
        update()
    elif task == "compile":
        compile_all()
    elif task == "pseudo":
        print(write_pseudo())
    elif task == "check":
        wrong = check()
        print(*(wrong or ["The translations are complete."]), sep="\n")
        sys.exit(1 if wrong else 0)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
