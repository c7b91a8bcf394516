"""Delivery status notifications and abuse reports.

Part of the e-mail channel, used by `channels.email.parse`. A report in the form of RFC 3464 is believed;
where it is
missing or says nothing, the prose is read (`channels.email.bounce_text`). Abuse reports follow RFC 5965
(ARF).
"""

import json
import re

import msgspec

from channels.email.addresses import parse_addresses
from channels.email.bodies import Bodies, read_bodies
from channels.email.bounce_reasons import (
    derive_status,
    is_delay,
    is_hard,
    refused_content,
    replied_status,
    status_in,
    verdict,
)
from channels.email.bounce_text import (
    Failure,
    is_about_mail,
    is_daemon,
    is_persons_subject,
    may_be_a_person,
    names_the_failed,
    read_failures,
    sounds_like_failure,
    split_notice,
)
from channels.email.charsets import decode_bytes
from channels.email.headers import one_line
from channels.email.mime import Part, read_parts
from channels.email.parsed import BounceReport
from core.html import html_to_text

MAX_REPORTS = 1_000
"""Recipients of one report that are kept."""

_STATUS_TYPES = frozenset(("message/delivery-status", "message/xdelivery-status", "message/global-delivery-status"))
_RETURNED_TYPES = frozenset((
    "message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/partial",
    "text/rfc822", "message/global-headers",
))  # fmt: skip
_DELAYED = frozenset(("delayed", "deferred"))
_FINE = frozenset(("delivered", "relayed", "expanded"))
_FIELD = re.compile(r"^([A-Za-z][\w-]{2,40}):[ \t]*(.*)$", re.MULTILINE)
_WHITE = re.compile(r"\s+")
_ORIGINAL_TO = re.compile(
    r"^(?:To|X-Original-To|Delivered-To|Envelope-To|X-Failed-Recipients):[ \t]*([^\n]+)",
    re.IGNORECASE | re.MULTILINE,
)
_RETURNED_FROM = re.compile(r"^[ \t>]*From:[ \t]*([^\n]+)", re.IGNORECASE | re.MULTILINE)
_ORIGINAL_ID = re.compile(r"^Message-ID:\s*<([^<>\s]{1,500})>", re.IGNORECASE | re.MULTILINE)
_CHALLENGE = re.compile(
    r"not (?:yet )?(?:been )?pre-?approved|awaiting (?:your |sender )?(?:confirmation|verification|approval)"
    r"|(?:verify|confirm|prove) (?:that )?you(?: are|['’]re) (?:a |an )?(?:real |live |actual )*(?:human|person|sender)"
    r"|(?:sender|address) (?:verification|confirmation) (?:is )?(?:required|requested)|guest list"
    r"|challenge[-/ ]response"
    r"|(?:your|this) (?:e-?mail|message) (?:is|was|has been) (?:held|waiting|put on hold) (?:until|for) (?:you|your)",
    re.IGNORECASE,
)
"""Filters that take mail only from those who proved to be people, or who are on a list."""
_SUCCESS = re.compile(
    r"(?:was|were|has been|have been) (?:successfully )?(?:delivered|relayed) (?:to|for) the following"
    r"|(?:was|has been) successfully (?:delivered|relayed)|successful(?:ly)? (?:mail )?deliver(?:y|ed)"
    r"|wurde (?:erfolgreich )?zugestellt|a été (?:remis|distribué) avec succès|se ha entregado correctamente",
    re.IGNORECASE,
)
"""A receipt of delivery in words."""


class BounceReading(msgspec.Struct):
    """What `read_bounces` finds: reports per recipient, and whether the mail is an abuse report."""

    bounces: list[BounceReport] = []
    is_feedback_report: bool = False


def read_bounces(first: dict[str, str], root: Part, bodies: Bodies, raw: bytes) -> BounceReading:
    """Find out whether a mail reports a failed or delayed delivery, and of what.

    Args:
        first: First value of each header field by lower-case name, unfolded.
        root: Tree of parts.
        bodies: The same sorted into body and files.
        raw: The message.

    Returns:
        One report for each recipient; none for an ordinary mail.
    """
    report_type = root.params.get("report-type", "").lower()
    kinds = {part.content_type for part in bodies.parts}
    if report_type == "feedback-report" or "message/feedback-report" in kinds:
        return BounceReading(bounces=_complaints(bodies.parts), is_feedback_report=True)
    if not _may_be_bounce(first, kinds, report_type, raw):
        return BounceReading()
    returned = _returned_text(bodies.parts)
    if announced := _from_service(bodies.text):
        return BounceReading(bounces=announced)
    if _of_a_person(first, report_type):
        return BounceReading()
    structured = [item for part in bodies.parts for item in _status_groups(part)]
    notice, rest = split_notice(_notice_text(bodies))
    returned = returned or rest
    original = _ORIGINAL_ID.search(returned)
    original_id = original[1] if original else ""
    if _is_challenge(structured, notice):
        return BounceReading()
    reports, fine = _from_structured(structured, notice, original_id)
    if not reports and not fine and _is_prose_bounce(first, notice, kinds, report_type, returned):
        reports = _of_inner_report(bodies.parts, notice) or _from_prose(first, notice, returned, original_id)
    return BounceReading(bounces=reports[:MAX_REPORTS])


def _complaints(parts: list[Part]) -> list[BounceReport]:
    """Who complained, by an abuse report (RFC 5965, section 3.2); providers often hide it."""
    found: list[BounceReport] = []
    original = _ORIGINAL_ID.search(_returned_text(parts))
    for part in parts:
        if part.content_type != "message/feedback-report":
            continue
        fields = dict(_FIELD.findall(decode_bytes(part.content[:50_000]).replace("\r\n", "\n")))
        lower = {name.lower(): value for name, value in fields.items()}
        found.append(
            BounceReport(
                recipient=_typed_address(lower.get("original-rcpt-to", "")),
                status="",
                reason=f"Complaint: {lower.get('feedback-type', 'abuse').strip()}",
                hard=False,
                original_message_id=original[1] if original else "",
            )
        )
    return found or [BounceReport(recipient="", status="", reason="Complaint", hard=False)]


def _may_be_bounce(first: dict[str, str], kinds: set[str], report_type: str, raw: bytes) -> bool:
    """A cheap look that spares ordinary mails the reading."""
    if kinds & _STATUS_TYPES or report_type == "delivery-status" or "x-failed-recipients" in first:
        return True
    if is_daemon(one_line(first.get("from", ""))) or first.get("return-path", "x").strip() in ("<>", ""):
        return True
    if b"inal-Recipient:" in raw:
        return True
    return b'"bouncedRecipients"' in raw or sounds_like_failure(one_line(first.get("subject", "")), "")[0]


def _from_service(text: str) -> list[BounceReport]:
    """Reports of Amazon SES as its notification service mails them: one JSON object."""
    if not text.lstrip().startswith("{") or '"bouncedRecipients"' not in text:
        return []
    try:
        notice, _ = json.JSONDecoder(strict=False).raw_decode(text.lstrip())
        bounce = notice["bounce"]
        recipients = [item for item in bounce["bouncedRecipients"] if isinstance(item, dict)]
        permanent = bounce.get("bounceType") == "Permanent"
        source = str(notice.get("mail", {}).get("commonHeaders", {}).get("messageId", "")).strip("<>")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []
    found: list[BounceReport] = []
    for item in recipients:
        words = str(item.get("diagnosticCode", ""))
        status = status_in(str(item.get("status", ""))) or status_in(words) or ("5.0.0" if permanent else "4.0.0")
        address = str(item.get("emailAddress", ""))
        found.append(BounceReport(address, status, _reason(words), is_hard(status, words), source))
    return found


def _is_challenge(groups: list[dict[str, str]], notice: str) -> bool:
    """Whether a filter asks the sender for a proof, or thanks for one, in the form of a report.

    Nothing failed then: no server refused anything, and somebody has to read what is asked.
    """
    if any(group.get("status", "").startswith("5") or group.get("action", "") == "delayed" for group in groups):
        return False
    words = "\n".join(group.get("diagnostic-code", "") for group in groups)
    return not status_in(words) and bool(_CHALLENGE.search(words) or (groups and _CHALLENGE.search(notice[:8_000])))


def _notice_text(bodies: Bodies) -> str:
    if bodies.text.strip():
        return bodies.text
    return html_to_text(bodies.html) if bodies.html else ""


def _returned_text(parts: list[Part]) -> str:
    for part in parts:
        if part.content_type in _RETURNED_TYPES:
            return decode_bytes(part.content[:50_000]).replace("\r\n", "\n")
    return ""


def _status_groups(part: Part) -> list[dict[str, str]]:
    """The per-recipient groups of a status part (RFC 3464, section 2.1), field names in lower case."""
    if part.content_type not in _STATUS_TYPES and b"inal-Recipient:" not in part.content[:20_000]:
        return []
    if part.content_type in _RETURNED_TYPES:
        return []
    groups: list[dict[str, str]] = [{}]
    last = ""
    text = decode_bytes(part.content[:500_000], part.params.get("charset", "")).replace("\r\n", "\n")
    for line in text.split("\n"):
        if not line.strip():
            groups.append({})
            last = ""
        elif line[0] in " \t" and last:
            groups[-1][last] += " " + line.strip()
        elif found := _FIELD.match(line):
            last = found[1].lower()
            if last in ("final-recipient", "original-recipient") and last in groups[-1]:
                groups.append({})  # a new recipient without the empty line between
            groups[-1][last] = found[2].strip()
        elif last:
            groups[-1][last] += " " + line.strip()
    return [
        group
        for group in groups
        if "disposition" not in group
        and ("final-recipient" in group or "original-recipient" in group or "action" in group)
    ]


def _from_structured(groups: list[dict[str, str]], notice: str, original_id: str) -> tuple[list[BounceReport], bool]:
    """Reports of status groups, and whether they say that all is well."""
    reports: dict[str, BounceReport] = {}
    fine = False
    failures = read_failures(notice, own=frozenset(), domain="") if groups else []
    prose = {item.recipient.lower(): item.words for item in failures}
    for group in groups:
        action = group.get("action", "failed").partition("(")[0].strip().lower().rstrip(";")
        if action in _FINE:
            fine = True
            continue
        report = _from_group(group, action, notice, prose, original_id)
        if report is not None and report.recipient.lower() not in reports:
            reports[report.recipient.lower()] = report
    return list(reports.values()), fine and not reports


def _from_group(
    group: dict[str, str], action: str, notice: str, prose: dict[str, str], original_id: str
) -> BounceReport | None:
    """The report of one group; `prose` is what the notice says by recipient."""
    diagnostic = group.get("diagnostic-code", "") or group.get("x-supplementary-info", "")
    kind, semicolon, words = diagnostic.partition(";")
    words = words.strip() if semicolon and "@" not in kind and len(kind) < 40 else diagnostic
    recipient = _recipient(group)
    if not recipient:
        return None
    about = "" if words and status_in(words) else prose.get(recipient.lower(), "")
    status = _chosen_status(group.get("status", ""), words, about or notice, action)
    explained = f"{words}\n{about or ('' if words else notice[:3_000])}"
    transcript = notice if len(prose) < 2 else prose.get(recipient.lower(), "")
    return BounceReport(
        recipient=recipient,
        status=status,
        reason=_reason(words or about or notice),
        hard=action not in _DELAYED and is_hard(status, explained) and not refused_content(transcript),
        original_message_id=original_id,
        final=action not in _DELAYED,
    )


def _recipient(group: dict[str, str]) -> str:
    """The address as we wrote it, where the report repeats it, else what became of it on the way."""
    found = [
        _typed_address(group.get(name, "")) for name in ("original-recipient", "final-recipient", "x-actual-recipient")
    ]
    return next((item for item in found if "." in item.rpartition("@")[2]), "") or next(filter(None, found), "")


def _chosen_status(stated: str, words: str, context: str, action: str) -> str:
    """The most telling of the statuses that a group states; `x.0.0` tells nothing but its class."""
    if replied := replied_status(words):
        return replied
    status = status_in(stated.partition("(")[0])
    in_words = status_in(words or context)
    if status and not status.endswith(".0.0"):
        if in_words and not in_words.endswith(".0.0") and in_words[0] == status[0] and status.endswith(".0"):
            return in_words
        return status
    if in_words:
        return in_words
    if status:
        return status
    return derive_status(words or context, "") if action != "delayed" else "4.0.0"


def _typed_address(value: str) -> str:
    """The address of `rfc822; local@domain` (RFC 3464, section 2.3.1)."""
    kind, semicolon, rest = value.partition(";")
    value = rest if semicolon and "@" not in kind else value
    found = parse_addresses(value.strip())
    return next((item.address for item in found if "@" in item.address), "")


def _of_a_person(first: dict[str, str], report_type: str) -> bool:
    """Whether somebody answers or forwards a report, who wants to know what it means: a mail to be read."""
    if report_type == "disposition-notification":
        return True  # a receipt: somebody has the mail (RFC 8098)
    return not report_type and not _from_system(first) and _answers(first)


def _answers(first: dict[str, str]) -> bool:
    """Whether a mail answers or forwards another, by its headers."""
    return "in-reply-to" in first or is_persons_subject(one_line(first.get("subject", "")))


def _from_system(first: dict[str, str]) -> bool:
    """Whether the sender is a mail system: by its name, or by the empty envelope sender (RFC 5321, section 4.5.5)."""
    return is_daemon(one_line(first.get("from", ""))) or first.get("return-path", "x").strip() in ("<>", "")


def _is_prose_bounce(first: dict[str, str], notice: str, kinds: set[str], report_type: str, returned: str) -> bool:
    """Whether a mail without a report in the standard's form is one nevertheless.

    People write to a desk about parcels that were not delivered and mails that came back. So words alone prove
    nothing: the sender must be a mail system, or the mail that failed must be there. Not even a mail system's words
    prove anything when they tell neither who was not reached nor a server's answer: then there is nothing to do about
    it but to read it.
    """
    subject = one_line(first.get("subject", ""))
    by_subject, by_text = sounds_like_failure(subject, notice)
    if kinds & _STATUS_TYPES or report_type == "delivery-status" or "x-failed-recipients" in first:
        return True
    sender = one_line(first.get("from", ""))
    daemon = is_daemon(sender)
    if first.get("auto-submitted", "").lower().startswith("auto-replied") and not by_subject:
        return by_text and daemon and _tells_something(first, notice, returned)
    if not (by_subject or by_text) or (_SUCCESS.search(notice[:8_000]) and not status_in(notice)):
        return False
    if daemon and not may_be_a_person(sender):
        return _tells_something(first, notice, returned, failing=by_subject or not _answers(first))
    if daemon:
        failing = by_subject or not _answers(first)
        return bool(returned) or (is_about_mail(subject, notice) and _tells_of_mail(first, notice, failing=failing))
    proved = bool(returned) and not is_daemon(_sender_of(returned))
    if first.get("return-path", "x").strip() in ("<>", ""):
        told = is_about_mail(subject, notice) and _tells_of_mail(first, notice, failing=by_subject)
        return by_text and (proved or told)
    return proved and by_subject and by_text and "in-reply-to" not in first


def _tells_something(first: dict[str, str], notice: str, returned: str, *, failing: bool = True) -> bool:
    """Whether a notice holds more than words: the mail that failed, a server's answer, or who was not reached.

    Args:
        first: the header fields.
        notice: what the mail system says.
        returned: the mail that failed, or "".
        failing: whether a recipient that is named, be it without the domain, is one that was not reached.
    """
    own, domain = _parties(first)
    return bool(returned or status_in(notice)) or (failing and bool(read_failures(notice, own=own, domain=domain)))


def _tells_of_mail(first: dict[str, str], notice: str, *, failing: bool) -> bool:
    """The same of words that a person may have written: an address below a name is no recipient that failed."""
    return bool(status_in(notice)) or (failing and names_the_failed(notice, _parties(first)[0]))


def _sender_of(returned: str) -> str:
    """The From header of a returned mail; a word when it has none, because an empty one names a mail system."""
    found = _RETURNED_FROM.search(returned[:20_000])
    return one_line(found[1]) if found else "unknown"


def _parties(first: dict[str, str]) -> tuple[frozenset[str], str]:
    """Addresses that cannot be the failed ones, and the reporting system's domain."""
    addressees = [item.address.lower() for name in ("to", "cc") for item in parse_addresses(first.get(name, ""))]
    senders = [item.address.lower() for item in parse_addresses(first.get("from", ""))]
    return frozenset(addressees + senders), senders[0].rpartition("@")[2] if senders else ""


def _from_prose(first: dict[str, str], notice: str, returned: str, original_id: str) -> list[BounceReport]:
    own, domain = _parties(first)
    failures = read_failures(notice, own=own, domain=domain)
    named = [item.address for item in parse_addresses(first.get("x-failed-recipients", "")) if item.address]
    known = {item.recipient.lower() for item in failures}
    if named:
        failures = [item for item in failures if item.recipient.lower() in {name.lower() for name in named}] + [
            Failure(recipient=name, words=notice) for name in named if name.lower() not in known
        ]
    if not failures:
        failures = _of_returned(returned, own, notice)
    if not failures:
        failures = [Failure(recipient="", words=notice)]
    return [_prose_report(item, notice, original_id, alone=len(failures) == 1) for item in failures]


def _of_inner_report(parts: list[Part], notice: str) -> list[BounceReport]:
    """What a report says that was put whole into another one, by a gateway that adds nothing of its own."""
    if status_in(notice) or verdict("", notice) is not None:
        return []
    for part in parts:
        if part.content_type != "message/rfc822" or b"delivery-status" not in part.content[:50_000]:
            continue
        inner = read_bodies(read_parts(part.content))
        groups = [item for leaf in inner.parts for item in _status_groups(leaf)]
        original = _ORIGINAL_ID.search(_returned_text(inner.parts))
        return _from_structured(groups, split_notice(_notice_text(inner))[0], original[1] if original else "")[0]
    return []


def _of_returned(returned: str, own: frozenset[str], notice: str) -> list[Failure]:
    """The recipient of the returned mail, when the notice itself names nobody."""
    for found in _ORIGINAL_TO.finditer(returned[:20_000]):
        for item in parse_addresses(found[1]):
            if "@" in item.address and item.address.lower() not in own:
                return [Failure(recipient=item.address, words=notice)]
    return []


def _prose_report(failure: Failure, notice: str, original_id: str, *, alone: bool) -> BounceReport:
    """The report of one recipient; of the only one, the whole notice speaks where its own lines do not."""
    status = derive_status(failure.words, notice)
    hard = verdict(status, failure.words)
    if hard is None and (alone or failure.words.count("\n") <= 1):
        hard = verdict(status, notice)
    final = bool(hard) or not is_delay(notice)
    return BounceReport(
        recipient=failure.recipient,
        status=status if final or status_in(f"{failure.words}\n{notice}") else "4.0.0",
        reason=_reason(failure.words or notice),
        hard=bool(hard),
        original_message_id=original_id,
        final=final,
    )


def _reason(words: str) -> str:
    return _WHITE.sub(" ", words).strip()[:1_000]
