"""The mails of a soak: repeatable, different, of every kind, and each with its name in the first line."""

from collections import Counter

from channels.email.parse import parse_mail
from simulator.soak_letters import _KINDS, Letters, name_in

ADDRESSES = ["help@desk.test", "sales@desk.test"]


def letters(seed, count=400):
    """The mails of a seed."""
    return list(Letters(seed, count, ADDRESSES))


def test_the_same_seed_writes_the_same():
    """Byte for byte; another seed writes others."""
    assert letters(4) == letters(4)
    assert [mail.raw for mail in letters(4)] != [mail.raw for mail in letters(5)]


def test_no_two_mails_are_the_same_bytes():
    """Copies of a letter came over different ways, as on a real server."""
    mails = letters(1)
    assert len({mail.raw for mail in mails}) == len(mails)
    assert all(name_in(mail.raw) == (mail.letter, mail.copy) for mail in mails)


def test_a_short_soak_has_every_kind():
    """Also in the 150 mails of the journey."""
    assert {mail.kind for mail in letters(1, 150)} == set(_KINDS)


def test_copies_carry_the_id_of_their_letter():
    """The same Message-ID, sender and text; and no other two letters share one, but for the machine's."""
    mails = letters(2)
    heads = {mail.letter: parse_mail(mail.raw) for mail in mails if mail.copy == 0}
    for mail in mails:
        if mail.copy:
            again, first = parse_mail(mail.raw), heads[mail.letter]
            assert (again.message_id, again.subject, again.text) == (first.message_id, first.subject, first.text)
            assert again.message_id
    shared = Counter(mail.message_id for mail in heads.values() if mail.message_id)
    assert [name for name, count in shared.items() if count > 1] == ["2.scanner@firm.example"]


def test_each_kind_is_what_it_says():
    """By the desk's own reader."""
    by_kind = {mail.kind: parse_mail(mail.raw) for mail in letters(1)}
    assert by_kind["bounce"].is_bounce
    assert by_kind["automatic"].is_auto_reply
    assert by_kind["newsletter"].is_list
    assert not by_kind["without an id"].message_id
    assert by_kind["reply"].in_reply_to
    assert not by_kind["reply by references"].in_reply_to
    assert by_kind["reply by references"].references
    assert len(by_kind["with files"].attachments) == 2
    assert not by_kind["new"].is_auto_reply


def test_an_answer_can_be_sent_to_the_tickets_own_address():
    """Only the recipient changes."""
    mail = next(each for each in letters(1) if each.answers)
    moved = mail.sent_to("help+t1.abc@desk.test")
    assert parse_mail(moved).to[0].address == "help+t1.abc@desk.test"
    assert moved.replace(b"help+t1.abc@desk.test", ADDRESSES[mail.mailbox].encode()) == mail.raw
