"""Reports of failed deliveries, in the standard's form and in prose; all made up here."""

import pytest

from channels.email.bounce_reasons import derive_status, is_hard
from channels.email.bounce_text import split_notice
from channels.email.parse import parse_mail


def dsn(fields: str, notice: str = "Your message could not be delivered.", action: str = "failed") -> bytes:
    """A report as RFC 3464 wants it."""
    return (
        "From: Mail Delivery System <MAILER-DAEMON@mx.example>\nTo: desk@shop.example\nReturn-Path: <>\n"
        "Subject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=sep\n\n"
        f"--sep\nContent-Type: text/plain\n\n{notice}\n\n--sep\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; jo@home.example\nAction: {action}\n{fields}\n\n"
        "--sep\nContent-Type: message/rfc822\n\nMessage-ID: <m77@shop.example>\nFrom: desk@shop.example\n"
        "To: jo@home.example\nSubject: Order\n\nHello\n--sep--\n"
    ).encode()


def prose(text: str, subject: str = "failure notice", sender: str = "MAILER-DAEMON@mx.example") -> bytes:
    """A report as older programs write it."""
    return f"From: {sender}\nTo: desk@shop.example\nSubject: {subject}\n\n{text}".encode()


def test_standard_report() -> None:
    """Recipient, status, words and the mail that came back."""
    read = parse_mail(dsn("Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 <jo@home.example>: User\n unknown"))
    [report] = read.bounces
    assert read.is_bounce
    assert not read.is_auto_reply
    assert (report.recipient, report.status, report.hard) == ("jo@home.example", "5.1.1", True)
    assert report.reason == "550 5.1.1 <jo@home.example>: User unknown"
    assert report.original_message_id == "m77@shop.example"


def test_delay_is_temporary() -> None:
    """A warning is reported, and is not hard."""
    read = parse_mail(dsn("Status: 4.4.1", action="delayed"))
    assert [(item.status, item.hard, item.final) for item in read.bounces] == [("4.4.1", False, False)]
    assert [item.final for item in parse_mail(dsn("Status: 4.4.7")).bounces] == [True]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("This is a warning message only. You do not need to resend your message.", "4.0.0"),
        ("The message has not yet been delivered. Delivery attempts will continue for 3 days.", "4.0.0"),
        ("Delay reason: 451 4.7.1 greylisted. We will keep trying, or it will be returned to you.", "4.7.1"),
        ("Weitere Zustellversuche folgen.", "4.0.0"),
    ],
)  # fmt: skip
def test_a_delay_in_prose_is_not_final(words: str, status: str) -> None:
    """The mail is still on its way: nothing is lost yet."""
    text = f"Your message to the following recipient could not be delivered:\n\n  jo@home.example\n\n{words}\n"
    [report] = parse_mail(prose(text, subject="Warning: could not send message for past 4 hours")).bounces
    assert (report.recipient, report.status, report.hard, report.final) == ("jo@home.example", status, False, False)


@pytest.mark.parametrize(
    "words",
    [
        "451 4.4.1 try again later. This message has been in the queue too long; I've given up.",
        "552 5.2.2 mailbox full, will be retried never. The mail has been returned.",
        "550 blocked by policy.",
    ],
)
def test_what_was_given_up_is_final(words: str) -> None:
    """A fault of the moment that lasted too long, and a refusal for good that says nothing of the address."""
    text = f"Your message could not be delivered:\n\n<jo@home.example>:\n{words}\n"
    [report] = parse_mail(prose(text)).bounces
    assert (report.hard, report.final) == (False, True)


def test_success_is_no_bounce() -> None:
    """A receipt of delivery is no failure."""
    assert not parse_mail(dsn("Status: 2.0.0", action="delivered")).is_bounce


def test_several_recipients() -> None:
    """Each recipient has a report of its own."""
    more = "Status: 5.1.1\n\nFinal-Recipient: rfc822; al@home.example\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 Mailbox full"
    found = parse_mail(dsn(more)).bounces
    assert [(item.recipient, item.status, item.hard) for item in found] == [
        ("jo@home.example", "5.1.1", True),
        ("al@home.example", "5.2.2", False),
    ]


def test_the_servers_words_beat_an_empty_status() -> None:
    """`5.0.0` says nothing when the diagnostic says more."""
    found = parse_mail(dsn("Status: 5.0.0\nDiagnostic-Code: smtp; 550 5.7.1 Message refused by policy"))
    assert [(item.status, item.hard) for item in found.bounces] == [("5.7.1", False)]


@pytest.mark.parametrize(
    ("text", "recipient", "status", "hard"),
    [
        (("Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n"
         "<jo@home.example>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 no such user\n\n--- Below this line is a copy of the message.\n\n"
         "Return-Path: <desk@shop.example>\nTo: other@home.example\n"), "jo@home.example", "5.1.1", True),
        (("This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered.\n"
         "The following address(es) failed:\n\n  jo@home.example\n    SMTP error from remote mail server after RCPT TO:<jo@home.example>:\n"
         "    host mx.home.example [192.0.2.1]: 452 4.2.2 mailbox full\n"), "jo@home.example", "4.2.2", False),
        (("Your message\n\n  To:      jo@home.example\n  Subject: Order\n\ndid not reach the following recipient(s):\n\n"
         "jo@home.example on Mon, 3 Mar 2025 10:15:00 +0000\n    The recipient name is not recognized\n"), "jo@home.example", "5.0.0", True),
        ("Could not be delivered to: <jo@home.example>\nAs their mailbox is full.\n", "jo@home.example", "5.0.0", False),
        ("The following message, addressed to 'jo@home.example',\nfailed because it has not been collected after 30 days\n", "jo@home.example", "5.0.0", False),
        ("Your mail could not be delivered for 4 hours to <jo@home.example>.\nIt will be retried; this is a warning message only.\n", "jo@home.example", "4.0.0", False),
        ("Your mail to the following recipients could not be delivered because they are not accepting mail:\n\tjo\n", "jo@mx.example", "5.0.0", False),
    ],
)  # fmt: skip
def test_prose(text: str, recipient: str, status: str, hard: bool) -> None:
    """The ways of qmail, Exim, Exchange and providers."""
    read = parse_mail(prose(text))
    assert read.is_bounce
    assert [(item.recipient, item.status, item.hard) for item in read.bounces] == [(recipient, status, hard)]


def test_failed_recipients_header() -> None:
    """Exim names the recipients in a header of its own."""
    raw = b"X-Failed-Recipients: jo@home.example\n" + prose(
        "A message that you sent could not be delivered.\nUnrouteable address"
    )
    assert [item.recipient for item in parse_mail(raw).bounces] == ["jo@home.example"]


def test_a_recipient_only_the_returned_mail_names() -> None:
    """When the notice names nobody, the returned mail does."""
    found = parse_mail(
        prose(
            "Your message could not be delivered.\n\nOriginal message follows.\n\nMessage-ID: <m1@shop.example>\nTo: jo@home.example\n"
        )
    )
    assert [(item.recipient, item.original_message_id) for item in found.bounces] == [
        ("jo@home.example", "m1@shop.example")
    ]


PEOPLE = [
    ("Delivery problem", "Your parcel could not be delivered to me, where is it?"),
    ("Delivery failed", "The delivery failed twice, tracking number 550 123 991. Write to jo@home.example."),
    ("Returned mail?", "I sent the lamp back to you on Monday."),
    ("failure notice", "I got this from your server: delivery to you failed. Can you help?"),
    ("Mail rejected", "My mail to sales@shop.example was rejected with 550 5.1.1 user unknown. Please help."),
    ("Undelivered mail", "I never got the invoice to jo@home.example, it was returned to sender."),
    ("Mail delivery failed to my house", "The postman did not come, 550 euros lost."),
    ("Zustellung fehlgeschlagen", "Das Paket konnte nicht zugestellt werden."),
    ("Échec de livraison", "Mon colis n'a pas pu être livré."),
    (
        "Fwd: Undelivered Mail Returned to Sender",
        (
            "What is this?\n\n---------- Forwarded message ---------\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example>\n"
            "Subject: Undelivered Mail Returned to Sender\nTo: <jo@home.example>\n\n<desk@shop.example>: host mx.example "
            "said: 550 5.1.1 unknown user\n\nFinal-Recipient: rfc822; desk@shop.example\nAction: failed\nStatus: 5.1.1\n"
        ),
    ),
]


@pytest.mark.parametrize("answers", [True, False])
@pytest.mark.parametrize("sender", ["Jo <jo@home.example>", "Parcel Delivery Service <no-reply@parcels.example>"])
@pytest.mark.parametrize(("subject", "text"), PEOPLE)
def test_people_who_talk_about_delivery_are_no_bounces(subject: str, text: str, sender: str, *, answers: bool) -> None:
    """Who complains about parcels and mails, with or without an earlier mail, is no mail system."""
    field = "In-Reply-To: <m@shop.example>\n" if answers else ""
    raw = f"From: {sender}\nTo: desk@shop.example\n{field}Subject: {subject}\n\n{text}".encode()
    read = parse_mail(raw)
    assert not read.is_bounce
    assert not read.is_auto_reply


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Question about your invoice", "We have not received the invoice. Could you send it again?\n\npostmaster@home.example"),
        ("Re: Order 77", "The parcel has not been delivered. Please ask al@home.example."),
        ("Re: Order 77", "Your delivery failed again."),
        ("Delivery of our fridge failed", "Nobody came on Monday. When will you try again?"),
        ("Delivery failed", "The delivery of order 450 failed, nobody came.\n\nAl Ray\nE-mail: al@home.example"),
        ("Undelivered machine", "It was returned to sender. Order 77.\n\nAl Ray\nal@home.example"),
        ("Returned mail", "My mail was returned to me. What is wrong?"),
        ("parcel delivery failed", "My parcel delivery failed, please help."),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "head",
    [
        "From: postmaster@home.example",
        "From: Al Ray <postmaster@home.example>",
        "From: Al Ray <al@home.example>\nReturn-Path: <>",
        "X-Mailer: none",
        "From:\nReturn-Path: <>",
    ],
)
def test_people_behind_the_name_of_a_mail_system(head: str, subject: str, text: str) -> None:
    """In small companies the postmaster writes mails like everybody, and a program may leave the sender away."""
    raw = f"{head}\nTo: desk@shop.example\nSubject: {subject}\n\n{text}\n".encode()
    assert not parse_mail(raw).is_bounce


@pytest.mark.parametrize(
    ("text", "is_bounce"),
    [
        ("Your message could not be delivered.", False),
        ("Your message could not be delivered to jo@home.example.", True),
        ("Your message could not be delivered to the following recipients:\n\n\tjo", True),
        ("Your message could not be delivered.\n550 5.1.1 user unknown", True),
        (
            "Your message could not be delivered.\n\n--- Below this line is a copy of the message.\n\nSubject: Order",
            True,
        ),
    ],
)
@pytest.mark.parametrize("sender", ["MAILER-DAEMON@mx.example", "Mail Delivery Subsystem <noreply@mx.example>"])
def test_a_failure_without_any_fact_is_shown(sender: str, text: str, *, is_bounce: bool) -> None:
    """A mail system that names nobody, no server's answer and no mail has said nothing that could be acted upon."""
    assert parse_mail(prose(text, sender=sender)).is_bounce is is_bounce


RECEIPTS = [
    (
        "disposition-notification",
        "Disposition: manual-action/MDN-sent-manually; displayed",
        "Your message was displayed.",
    ),
    (
        "disposition-notification",
        "Disposition: automatic-action/MDN-sent-automatically; deleted",
        "It was deleted unread.",
    ),
    (
        "disposition-notification",
        "Disposition: automatic-action/MDN-sent-automatically; failed",
        "It could not be shown.",
    ),
    ("delivery-status", "Action: delivered\nStatus: 2.0.0", "Your message was successfully delivered."),
    ("delivery-status", "Action: relayed\nStatus: 2.0.0", "No receipt will be sent although it was delivered."),
    ("delivery-status", "Action: expanded\nStatus: 2.0.0", "It went to a list."),
]


@pytest.mark.parametrize("sender", ["Jo <jo@home.example>", "Mail Delivery System <MAILER-DAEMON@home.example>"])
@pytest.mark.parametrize(("kind", "fields", "text"), RECEIPTS)
def test_receipts_are_automatic_and_no_bounces(kind: str, fields: str, text: str, sender: str) -> None:
    """That a mail arrived, was read or was deleted is no failure, and nobody's words."""
    raw = (
        f"From: {sender}\nTo: desk@shop.example\nSubject: Read: Order 77\nMIME-Version: 1.0\nContent-Type: "
        f"multipart/report; report-type={kind}; boundary=s\n\n--s\nContent-Type: text/plain\n\n{text}\n--s\n"
        f"Content-Type: message/{kind}\n\nReporting-UA: x\n\nFinal-Recipient: rfc822; jo@home.example\n{fields}\n--s--\n"
    ).encode()
    read = parse_mail(raw)
    assert (read.is_bounce, read.bounces, read.is_auto_reply) == (False, [], True)


def test_a_receipt_in_prose_is_no_bounce() -> None:
    """Exchange tells in words that a mail arrived."""
    text = "Your message was delivered to the following recipients:\n\njo@home.example\n"
    assert not parse_mail(prose(text, subject="Delivery Status Notification (Success)")).is_bounce


def test_a_person_who_attaches_a_report_is_no_bounce() -> None:
    """Somebody forwards the report as a file, and asks."""
    inner = dsn("Status: 5.1.1").decode()
    raw = (
        "From: Jo <jo@home.example>\nTo: desk@shop.example\nSubject: Mail delivery failed\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=outer\n\n--outer\nContent-Type: text/plain\n\n"
        "My mail could not be delivered to you.\n\n--outer\nContent-Type: message/rfc822\n\n"
        f"{inner}\n--outer--\n"
    ).encode()
    assert not parse_mail(raw).is_bounce


def test_an_absence_note_without_sender_is_no_bounce() -> None:
    """Vacation programs use the empty envelope sender too, and people in them cannot be reached."""
    raw = (
        b"Return-Path: <>\nFrom: Jo <jo@home.example>\nTo: desk@shop.example\nSubject: Out of office\n\n"
        b"I cannot be reached until Monday. Please write to ann@home.example.\n"
    )
    read = parse_mail(raw)
    assert (read.is_bounce, read.is_auto_reply) == (False, True)


def test_a_gateway_that_returns_the_mail_is_a_bounce() -> None:
    """Not every gateway calls itself one: the mail that failed is the proof."""
    raw = (
        b"From: imss@home.example\nTo: desk@shop.example\nSubject: Mail could not be delivered\nMIME-Version: 1.0\n"
        b"Content-Type: multipart/mixed; boundary=outer\n\n--outer\nContent-Type: text/plain\n\n"
        b"Sent >>> RCPT TO: <jo@home.example>\nReceived <<< 550 5.1.1 <jo@home.example>... User unknown\n"
        b"Unable to deliver message to <jo@home.example>\n\n--outer\nContent-Type: message/rfc822\n\n"
        b"From: desk@shop.example\nTo: jo@home.example\nMessage-ID: <m5@shop.example>\n\nHi\n--outer--\n"
    )
    assert [(item.recipient, item.status, item.original_message_id) for item in parse_mail(raw).bounces] == [
        ("jo@home.example", "5.1.1", "m5@shop.example")
    ]


@pytest.mark.parametrize(
    "words",
    [
        "Sender not pre-approved.  Follow instructions in above notice",
        "Awaiting sender confirmation",
        "Please verify that you are a real human being",
    ],
)
def test_a_question_of_a_filter_is_no_bounce(words: str) -> None:
    """Nothing failed: somebody has to read what the filter asks."""
    assert not parse_mail(dsn(f"Status: 4.7.0\nDiagnostic-Code: X-Filter; {words}")).is_bounce
    assert parse_mail(dsn(f"Status: 5.7.0\nDiagnostic-Code: smtp; 550 5.7.0 {words}")).is_bounce


def test_a_name_without_domain_yields_to_an_address() -> None:
    """What stands indented below "user:" is a name only when the notice holds no address."""
    text = (
        "Your mail could not be delivered. The address to which\nyour message was addressed, jo@home.example, is not ours."
        "\n\nThe following may help to find the user:\n\n  B-149\n"
    )
    assert [item.recipient for item in parse_mail(prose(text)).bounces] == ["jo@home.example"]


def test_abuse_report() -> None:
    """A complaint in the form of RFC 5965 is no bounce, and says who complained."""
    raw = (
        b"From: abuse@isp.example\nSubject: complaint\nContent-Type: multipart/report; report-type=feedback-report; boundary=s\n\n"
        b"--s\nContent-Type: text/plain\n\nabuse\n--s\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n"
        b"Original-Rcpt-To: <jo@home.example>\n--s\nContent-Type: message/rfc822\n\nMessage-ID: <m1@shop.example>\n\nx\n--s--\n"
    )
    read = parse_mail(raw)
    assert (read.is_feedback_report, read.is_bounce) == (True, False)
    assert [(item.recipient, item.hard, item.original_message_id) for item in read.bounces] == [
        ("jo@home.example", False, "m1@shop.example")
    ]


@pytest.mark.parametrize(
    ("words", "hard"),
    [
        ("550 5.1.1 User unknown", True),
        ("550 No such user here", True),
        ("550 5.1.2 Host unknown", True),
        ("551 5.1.6 recipient has moved", True),
        ("552 5.2.2 Mailbox full", False),
        ("550 5.7.1 blocked using a blacklist", False),
        ("450 4.1.1 user unknown, try again", False),
        ("550 5.7.26 fails DMARC policy", False),
        ("552 message size exceeds limit", False),
        ("554 5.7.1 relay access denied", False),
        ("550 account disabled", False),
        ("421 too many connections", False),
        ("550 user unknown (in reply to end of DATA command)", False),
    ],
)
def test_hard_means_that_the_address_is_of_no_use(words: str, hard: bool) -> None:
    """Only unknown users and hosts, and moved ones, are hard."""
    assert is_hard(derive_status(words), words) is hard


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("550 5.1.1 x", "5.1.1"),
        ("550-5.7.26 x", "5.7.26"),
        ("smtp; 450 busy", "4.0.0"),
        ("host 192.0.2.5.1 said 550 no", "5.0.0"),
        ("(#5.4.4)", "5.4.4"),
        ("mailbox is 550 MB large, temporarily out of order, will retry", "4.0.0"),
    ],
)
def test_status_from_words(words: str, status: str) -> None:
    """Enhanced statuses, reply codes, neither: addresses and sizes are not mistaken for them."""
    assert derive_status(words) == status


def test_notice_and_returned_mail() -> None:
    """The copy of our own mail is not searched for reasons."""
    notice, returned = split_notice(
        "It failed: could not be delivered.\n\n--- Original message follows.\n\nFrom: a@b.example\n\n550 5.1.1"
    )
    assert "550" not in notice
    assert returned.startswith("From: a@b.example")


@pytest.mark.parametrize(
    "words",
    [
        "550 <x@y.example>: Empfänger unbekannt",
        "550 Utilisateur inconnu",
        "550 Destinatario desconocido",
        "550 cette adresse n'existe pas",
        "550 Gebruiker onbekend",
        "550 Użytkownik nieznany",
        "550 Пользователь не найден",
        "ユーザーが見つかりません",
        "收件人不存在",
        "551 not our user",
        "556 Recipient address has a null MX",
        "521 5.3.2 System not accepting network messages",
        "550 5.4.1 [x@y.example]: Recipient address rejected: Access denied",
        "User  not listed in public Name & Address Book",
    ],
)
def test_address_of_no_use(words: str) -> None:
    """Words that say so in several languages and programs."""
    assert is_hard(derive_status(words), words)


@pytest.mark.parametrize(
    "words",
    [
        "550 Das Postfach ist voll",
        "550 boîte pleine",
        "550 Buzón lleno",
        "メールボックスの容量を超えました",
        "邮箱已满",
        "550 mailbox unavailable: quota exceeded",
        "550 Your domain does not exist in DNS",
        "Name service error for domain home.example: Host not found, try again",
        "552 5.2.3 <jo@home.example>: Recipient address rejected: Message length exceeds administrative limit",
        "550 5.7.1 <jo@home.example>: Recipient address rejected: Access denied",
        'procmail: Couldn\'t create "/var/spool/mail/jo": No such user',
    ],
)
def test_address_not_at_fault(words: str) -> None:
    """A full mailbox, a policy, the size, the name server and the sender's own faults."""
    assert not is_hard(derive_status(words), words)


@pytest.mark.parametrize(
    ("transcript", "hard"),
    [
        (">>> DATA\n<<< 550 : User unknown\n554 5.0.0 Service unavailable", False),
        ("<jo@home.example>: host mx said: 550 : User unknown (in reply to end of DATA\n    command)", False),
        (">>> DATA\n<<< 550 : User unknown\n<<< 503 5.0.0 Need RCPT (recipient)", True),
        (">>> RCPT To:<jo@home.example>\n<<< 550 : User unknown", True),
    ],
)
def test_refused_after_the_recipient_was_taken(transcript: str, hard: bool) -> None:
    """A server that took the recipient and refused the mail knows the recipient; pipelining looks alike."""
    [report] = parse_mail(dsn("Status: 5.0.0\nDiagnostic-Code: smtp; 550 : User unknown", transcript)).bounces
    assert report.hard is hard


def test_when_the_original_message_was_received_ends_no_notice() -> None:
    """The sentence before the failures is not the mail that comes back."""
    notice = "This is the mail system of mx.example.\n\nThe original message was received at noon\nfrom localhost"
    failure = "\n\n   ----- The following addresses had permanent errors -----\n<jo@home.example>\n>>> DATA\n<<< 550 no"
    head, rest = split_notice(notice + failure + "\n\n----- Original message follows -----\nFrom: a@b.example\n\nHi\n")
    assert ">>> DATA" in head
    assert "Hi" in rest


def test_reason_before_the_only_recipient() -> None:
    """What stands above the address counts when the lines below it say nothing."""
    text = "Error: Invalid user address\n550 - no such user here\n\nDetails:\n Subject: Test\n RCPT TO: jo@home.example\n Size: 2\n"
    [report] = parse_mail(prose(text)).bounces
    assert (report.recipient, report.hard) == ("jo@home.example", True)


def test_report_inside_a_report() -> None:
    """A gateway that wraps a report and adds nothing is looked through."""
    inner = dsn("Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown").decode()
    outer = (
        "From: MAILER-DAEMON@gate.example\nTo: desk@shop.example\nSubject: Delivery failure\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=gate\n\n--gate\nContent-Type: text/plain\n\n"
        "----- The following addresses had delivery errors -----\n\n"
        f"--gate\nContent-Type: message/rfc822\n\n{inner}\n--gate--\n"
    )
    [report] = parse_mail(outer.encode()).bounces
    assert (report.recipient, report.status, report.hard) == ("jo@home.example", "5.1.1", True)


def test_service_notice_with_a_broken_line() -> None:
    """The JSON of Amazon's service survives a line end that the mail system put into a string."""
    body = (
        '{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":'
        '"jo@home.example","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user\n unknown"}]}}\n\n--\nstop\n'
    )
    [report] = parse_mail(prose(body, subject="AWS Notification Message", sender="no-reply@sns.example")).bounces
    assert (report.recipient, report.hard) == ("jo@home.example", True)
