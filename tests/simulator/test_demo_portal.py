"""What the demo company's customers see is told in all languages."""

from core.i18n import NAMES
from simulator.demo_portal import FIELDS


def test_every_question_is_asked_in_every_language() -> None:
    """Names, hints and answers of the request form, none left in English for others."""
    told = [each for fields in FIELDS.values() for field in fields for each in (field.names, field.hints)]
    told += [option.names for fields in FIELDS.values() for field in fields for option in field.options]
    for words in told:
        assert set(words) in (set(NAMES), set()) and len(set(words.values())) == len(words), words
