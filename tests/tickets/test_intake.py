"""What comes in as the tables can hold it."""

from tickets import intake


def test_nothing_turns_a_name_or_subject_round() -> None:
    """A file that says gnp.exe does not look like a picture, nor does a subject (UAX 9)."""
    assert intake.clean_line("photo\u202egnp.exe\u202c") == "photognp.exe"
    assert intake.clean_line("\u2067अब\u2069 \x00now") == "अब now"
    assert intake.clean_line("क्\u200dष \u200fשלום") == "क्\u200dष \u200fשלום"  # joiners and marks are part of writing


def test_first_words_end_with_a_whole_sign() -> None:
    """What stands for a missing subject says that it was cut."""
    cut = intake.snippet_of("word " * 40, intake.SUBJECT_LENGTH)
    assert len(cut) <= 80
    assert cut.endswith("…")
    assert intake.snippet_of("short\nenough", 80) == "short enough"
