"""What the make-believe mail servers and mail programs write by themselves: reports of failure, notes of absence.

Part of the simulator, used by `simulator.smtp`. The forms are those that desks really get: some follow the standards,
others do not say that a machine wrote them.
"""

import hashlib
from email.utils import format_datetime
from typing import Final, Literal

from core import clock
from simulator.letters import Original, Person, as_bytes, domain_of, headed, read_original

BounceForm = Literal["report", "full", "delayed", "qmail", "exim", "exchange", "german"]
"""Reports after RFC 3464 (no such user; mailbox full; still trying), and texts of servers that have their own ways."""
HolidayForm = Literal["headers", "bare"]
"""With the headers of RFC 3834, or without any sign but the words."""

ABSENT: Final = {
    "en": ("Out of office: {}", "I am away until Monday and read no mail. For anything urgent please call my office."),
    "de": ("Automatische Antwort: {}", "Ich bin bis Montag nicht im Büro und lese keine Mails."),
    "fr": ("Réponse automatique : {}", "Je suis absente du bureau jusqu'à lundi et ne lis pas mes messages."),
    "es": ("Respuesta automática: {}", "Estoy fuera de la oficina hasta el lunes y no leo el correo."),
    "it": ("Risposta automatica: {}", "Sono fuori ufficio fino a lunedì e non leggo la posta."),
    "nl": ("Automatisch antwoord: {}", "Ik ben tot maandag afwezig en lees geen mail."),
    "pl": ("Odpowiedź automatyczna: {}", "Do poniedziałku jestem poza biurem i nie czytam poczty."),
    "pt": ("Resposta automática: {}", "Estou fora do escritório até segunda-feira e não leio e-mails."),
    "sv": ("Autosvar: {}", "Jag är inte på kontoret förrän på måndag och läser ingen e-post."),
    "tr": ("Otomatik yanıt: {}", "Pazartesiye kadar ofis dışındayım ve e-posta okumuyorum."),
    "ja": ("自動応答: {}", "月曜日まで不在のため、メールを確認できません。"),
    "hi": ("स्वचालित उत्तर: {}", "मैं सोमवार तक कार्यालय से बाहर हूँ और मेल नहीं पढ़ता।"),
}
"""Language of a note of absence: its subject around that of the mail, and its text."""


def out_of_office(owner: str, raw: bytes, language: str = "en", form: HolidayForm = "headers") -> bytes:
    """The answer of somebody who is away.

    Args:
        owner: whose mailbox answers.
        raw: the mail that is answered.
        language: one of :data:`ABSENT`.
        form: whether it says in its headers that a machine wrote it.
    """
    original = read_original(raw)
    subject, text = ABSENT[language]
    message = headed(Person("", owner), original.answer_to, subject.format(original.subject), f"away {language}")
    if form == "headers":
        message["Auto-Submitted"] = "auto-replied"
        message["X-Auto-Response-Suppress"] = "All"
    if original.message_id:
        message["In-Reply-To"] = original.message_id
        message["References"] = original.message_id
    message.set_content(f"{text}\n")
    return as_bytes(message)


def bounce(recipient: str, sender: str, raw: bytes, form: BounceForm = "report") -> bytes:
    """A report that a mail could not be delivered, or not yet.

    Args:
        recipient: whom it did not reach.
        sender: the envelope's sender, who is told.
        raw: the mail.
        form: how the server puts it.
    """
    if form in _REPORTED:
        return _report(recipient, sender, raw, form)
    original = read_original(raw)
    at = domain_of(recipient)
    person, subject, words = _OWN_WORDS[form]
    message = headed(Person(person, f"mailer-daemon@{at}"), sender, subject.format(original.subject), f"bounce {form}")
    if form == "exim":
        message["X-Failed-Recipients"] = recipient
        message["Auto-Submitted"] = "auto-replied"
    heads = raw.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").replace("\r\n", "\n")
    message.set_content(words.format(recipient=recipient, subject=original.subject, heads=heads))
    return b"Return-Path: <>\r\n" + as_bytes(message)


_REPORTED: Final[dict[str, tuple[str, str, str, str]]] = {
    "report": ("Undelivered Mail Returned to Sender", "failed", "5.1.1", "550 5.1.1 The email account does not exist"),
    "full": ("Undelivered Mail Returned to Sender", "failed", "5.2.2", "552 5.2.2 The mailbox is full"),
    "delayed": ("Delayed Mail (still being retried)", "delayed", "4.4.1", "451 4.4.1 The connection timed out"),
}
"""Form of a report: its subject, action, status and the words of the other server."""
_OWN_WORDS: Final[dict[str, tuple[str, str, str]]] = {
    "qmail": (
        "",
        "failure notice",
        (
            "Hi. This is the qmail-send program.\n"
            "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
            "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
            "<{recipient}>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
            "--- Below this line is a copy of the message.\n\n{heads}\n"
        ),
    ),
    "exim": (
        "Mail Delivery System",
        "Mail delivery failed: returning message to sender",
        (
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered to one or more of its recipients. "
            "This is a permanent error. The following address(es) failed:\n\n  {recipient}\n    Unrouteable address\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\n{heads}\n"
        ),
    ),
    "exchange": (
        "Microsoft Outlook",
        "Undeliverable: {}",
        (
            "Delivery has failed to these recipients or groups:\n\n{recipient}\n"
            "The e-mail address you entered couldn't be found. "
            "Please check the address and try to resend the message.\n\n"
            "Diagnostic information for administrators:\n\n{recipient}\n#550 5.1.10 RESOLVER.ADR.RecipNotFound ##\n\n"
            "Original message headers:\n\n{heads}\n"
        ),
    ),
    "german": (
        "Mail-System",
        "Unzustellbar: {}",
        (
            "Ihre Nachricht konnte nicht zugestellt werden.\n\n<{recipient}>: 550 5.1.1 Der Empfänger ist unbekannt\n\n"
            "Kopfzeilen der Nachricht:\n\n{heads}\n"
        ),
    ),
}
"""Form of a text: who signs it, its subject, and the words."""


def _report(recipient: str, sender: str, raw: bytes, form: str) -> bytes:
    """A report after RFC 3464, with the headers of the mail."""
    subject, action, status, words = _REPORTED[form]
    boundary = "=_" + hashlib.sha256(raw + recipient.encode()).hexdigest()[:24]
    heads = raw.partition(b"\r\n\r\n")[0]
    at, domain = format_datetime(clock.now()), domain_of(recipient)
    verb = "has not been delivered yet to" if action == "delayed" else "could not be delivered to"
    report = (
        f"From: Mail Delivery System <mailer-daemon@{domain}>\r\nTo: <{sender}>\r\n"
        f"Subject: {subject}\r\nDate: {at}\r\n"
        f"Message-ID: <bounce.{boundary[2:]}@{domain}>\r\nAuto-Submitted: auto-replied\r\n"
        f"MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n"
        f' boundary="{boundary}"\r\n'
        f"\r\n--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        f"Your message {verb} one or more recipients.\r\n\r\n"
        f"<{recipient}>: host mx.{domain} said: {words}\r\n"
        f"\r\n--{boundary}\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.{domain}\r\nArrival-Date: {at}\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Remote-MTA: dns; mx.{domain}\r\n"
        f"Diagnostic-Code: smtp; {words}\r\n"
        f"\r\n--{boundary}\r\nContent-Type: text/rfc822-headers\r\n\r\n"
    )
    return report.encode() + heads + f"\r\n\r\n--{boundary}--\r\n".encode()


def answer_of_a_robot(owner: Person, raw: bytes, number: int, subject: str, *, threads: bool, to_from: bool) -> bytes:
    """The answer of a badly made robot: nothing in it says that a machine wrote it.

    Args:
        owner: whose mailbox answers.
        raw: the mail that is answered.
        number: of its answers so far; makes texts differ.
        subject: ``re``: that of the mail, ``same``: always one of its own, ``changing``: every time another.
        threads: whether it names the mail that it answers.
        to_from: answer to From although the mail asks for answers elsewhere.
    """
    original = read_original(raw)
    message = headed(
        owner, original.sender.address if to_from else original.answer_to, _robot_subject(original, number, subject),
        f"robot {number}",
    )  # fmt: skip
    if threads and original.message_id:
        message["In-Reply-To"] = original.message_id
        message["References"] = f"{original.references} {original.message_id}".strip()
    message.set_content("Thank you for your message. We have received it and will answer soon.\n")
    return as_bytes(message)


_CASES: Final = (
    "Delivery", "Invoice", "Return", "Refund", "Address", "Warranty", "Contract", "Payment", "Repair", "Visit", "Order",
)  # fmt: skip


def _robot_subject(original: Original, number: int, subject: str) -> str:
    if subject == "same":
        return "We have received your message"
    if subject == "changing":
        return f"{_CASES[number % len(_CASES)]} {_CASES[number // len(_CASES) % len(_CASES)].lower()} {number}"
    return original.subject if original.subject[:3].lower() == "re:" else f"Re: {original.subject}"
