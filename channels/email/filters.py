"""What kind of mail it is, before it may become a message: an ordered tuple of small named functions.

Called by ``channels/email/reader`` with the parsed mail. Each filter answers None (not mine) or a verdict. The first
verdict decides; the order matters and is part of the documentation (docs/flows/email-arrives.md).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from channels.email.parsed import ParsedMail

TOO_BIG_HEADER: Final = "x-sampark-too-big"
NOT_FETCHED_HEADER: Final = "x-sampark-not-fetched"
"""The only line of the note that stands in the ledger for a mail that its server would not give."""
OWN_MARK: Final = "X-Sampark-Id"
"""Our Message-ID once more, in every mail of ours: some services put another into the header of that name."""


@dataclass(frozen=True)
class Verdict:
    """What to do with a mail that is not an ordinary message.

    Attributes:
        outcome: word for the ledger: too_big, own_loop, bounce, report.
        reason: a sentence for people.
    """

    outcome: str
    reason: str


@dataclass(frozen=True)
class Context:
    """What a filter may ask.

    Attributes:
        own_addresses: addresses and aliases of all our accounts, normalised.
        is_ours: whether a Message-ID was made by this installation.
    """

    own_addresses: frozenset[str]
    is_ours: Callable[[str], bool]


Filter = Callable[[ParsedMail, Context], Verdict | None]


def too_big(mail: ParsedMail, _context: Context) -> Verdict | None:
    """The fetcher took only the headers, because the mail is larger than we accept.

    Its mark is the very first line; further down anybody could have written it. Through the mail listener so could the
    sender, so a mail that has any content is none of these.
    """
    if mail.text.strip() or mail.html or any(each.size for each in mail.attachments):
        return None
    first = mail.headers[0] if mail.headers else ("", "")
    size = first[1] if first[0].lower() == TOO_BIG_HEADER else None
    return Verdict("too_big", f"The mail is too big ({size} bytes); only its headers were taken in.") if size else None


def not_fetched(raw: bytes) -> str:
    """Why a mail could not be fetched, by the note that stands for it; "" for a mail.

    The note has this line alone. So whoever sends one through the mail listener hides nothing behind it.
    """
    name, colon, reason = raw.partition(b":")
    is_note = bool(colon) and name.lower() == NOT_FETCHED_HEADER.encode() and b"\n" not in reason.rstrip()
    return reason.decode("utf-8", "replace").strip() if is_note else ""


def own_loop(mail: ParsedMail, context: Context) -> Verdict | None:
    """A mail that we sent ourselves came back to us: answering it would go round for ever."""
    marks = [value for name, value in mail.headers if name.lower() == OWN_MARK.lower()]
    if any(context.is_ours(each) for each in (mail.message_id, *marks)):
        return Verdict("own_loop", "This is a mail of ours that came back.")
    return None


def bounce(mail: ParsedMail, _context: Context) -> Verdict | None:
    """A report that a mail could not be delivered (RFC 3464 and the many other forms)."""
    if not mail.is_bounce:
        return None
    first = mail.bounces[0] if mail.bounces else None
    words = first.recipient if first and first.recipient else "no recipient named"
    if first:
        words += f": {first.status} {first.reason}".rstrip()
    return Verdict("bounce", f"Delivery report: {words}"[:500])


def feedback_report(mail: ParsedMail, _context: Context) -> Verdict | None:
    """A recipient called one of our mails unwanted (ARF, RFC 5965)."""
    return Verdict("report", "A recipient reported one of our mails as unwanted.") if mail.is_feedback_report else None


FILTERS: Final[tuple[Filter, ...]] = (too_big, own_loop, bounce, feedback_report)


def judge(mail: ParsedMail, context: Context) -> Verdict | None:
    """The first verdict, or None for an ordinary message."""
    for each in FILTERS:
        verdict = each(mail, context)
        if verdict is not None:
            return verdict
    return None
