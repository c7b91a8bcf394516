"""Reports of failed deliveries as many mail systems word them, without a part in the standard's form; all made up here."""

import pytest

from channels.email.parse import parse_mail

RETURNED = """Received: from shop.example by mx.example; Mon, 3 Mar 2025 10:15:00 +0000
Message-ID: <m1@shop.example>
From: desk@shop.example
To: jo@home.example
Subject: Order

Hi
"""

FORMS = {
    "biglobe": (
        "postmaster@biglobe.ne.example", "Returned mail: see transcript",
        (
            "   ----- The following addresses had permanent fatal errors -----\n"
            "<jo@home.example>\n"
            "   ----- Non-delivered information -----\n"
            "The number of messages in recipient's mailbox exceeded the local limit.\n"
            "\n"
            "\n"
            f"{RETURNED}"
        ),
        "5.0.0", False,
    ),
    "surfcontrol": (
        "SurfControl E-mail Filter <MAILER-DAEMON@mx.example>", "Message failure",
        (
            "Your message could not be sent.\n"
            "A transcript of the attempts to send the message follows.\n"
            "The number of attempts made: 1\n"
            "Addressed To: jo@home.example\n"
            "\n"
            "Thu 29 Apr 2010 23:34:45 +0900\n"
            "Failed to send to identified host,\n"
            "jo@home.example: [192.0.2.5], 550 jo@home.example... No such user\n"
            "\n"
            "--- Message non-deliverable.\n"
        ),
        "5.0.0", True,
    ),
    "sendgrid": (
        "MAILER-DAEMON@sendgrid.example", "Undelivered Mail Returned to Sender",
        (
            "Hello, this is the mail server on mx.sendgrid.example.\n"
            "\n"
            "I am sending you this message to inform you on the delivery status of a\n"
            "message you previously sent.  Immediately below you will find a list of\n"
            "the affected recipients;  also attached is a Delivery Status Notification\n"
            "(DSN) report in standard format, as well as the headers of the original\n"
            "message.\n"
            "\n"
            "  <jo@home.example>    delivery failed; will not continue trying\n"
        ),
        "5.0.0", False,
    ),
    "powermta": (
        "mailer-daemon@mta.example", "Delivery report",
        (
            "Hello, this is the mail server on mta.example.\n"
            "\n"
            "I am sending you this message to inform you on the delivery status of a\n"
            "message you previously sent.\n"
            "\n"
            "<jo@home.example>  (reading status): 550 5.1.1 user not found\n"
            "\n"
            "Bounce-Category: bad-mailbox\n"
        ),
        "5.1.1", True,
    ),
    "gmx": (
        "GMX Mailer Daemon <mailer-daemon@gmx.example>", "Mail delivery failed: returning message to sender",
        (
            'This message was created automatically by mail delivery software.\n'
            '\n'
            'A message that you sent could not be delivered to one or more of\n'
            'its recipients. This is a permanent error. The following address\n'
            'failed:\n'
            '\n'
            '"jo@home.example":\n'
            'SMTP error from remote server after RCPT command:\n'
            'host: mx.home.example\n'
            '5.1.1 <jo@home.example>... User Unknown\n'
            '\n'
            '\n'
            '--- The header of the original message is following. ---\n'
            '\n'
            f"{RETURNED}"
        ),
        "5.1.1", True,
    ),
    "interscan": (
        "InterScan MSS <imss@home.example>", "Mail could not be delivered",
        (
            "Sent >>> RCPT TO:<jo@home.example>\n"
            "Received <<< 550 Unknown user jo@home.example\n"
            "Unable to deliver message to <jo@home.example>\n"
        ),
        "5.0.0", True,
    ),
    "notes de": (
        "Postmaster@shop.example", "Zustellungsfehlerbericht: Bestellung",
        (
            "Ihre Nachricht\n"
            "\n"
            "   Betreff: Bestellung\n"
            "\n"
            "konnte nicht zugestellt werden an:\n"
            "\n"
            "   jo@home.example\n"
            "\n"
            "weil:\n"
            "\n"
            "   Benutzer jo (jo@home.example) nicht im Domino-Verzeichnis aufgeführt\n"
        ),
        "5.0.0", True,
    ),
    "exchange es": (
        "Microsoft Exchange <postmaster@home.example>", "No se puede entregar: Pedido",
        (
            "No se pudo entregar el mensaje a los siguientes destinatarios:\n"
            "\n"
            "jo@home.example\n"
            "El usuario no existe.\n"
        ),
        "5.0.0", True,
    ),
    "yahoo old": (
        "MAILER-DAEMON@yahoo.example", "Failure Notice",
        (
            "Sorry, we were unable to deliver your message to the following address.\n"
            "\n"
            "<jo@home.example>:\n"
            "Remote host said: 554 delivery error: dd This user doesn't have a home.example account (jo@home.example) [0] - mta.example [BODY]\n"
            "\n"
            "--- Below this line is a copy of the message.\n"
            "\n"
            f"{RETURNED}"
        ),
        "5.0.0", True,
    ),
    "aol": (
        "Mail Delivery Subsystem <MAILER-DAEMON@aol.example>", "Undeliverable: Order",
        (
            "Content: undelivered\n"
            "<jo@home.example>: host mx[192.0.2.3] said: 552 5.2.2 mailbox is full\n"
        ),
        "5.2.2", False,
    ),
    "qmail": (
        "MAILER-DAEMON@mx.example", "failure notice",
        (
            "Hi. This is the qmail-send program at mx.example.\n"
            "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
            "This is a permanent error; I've given up. Sorry it didn't work out.\n"
            "\n"
            "<jo@home.example>:\n"
            "Sorry, no mailbox here by that name. (#5.1.1)\n"
            "\n"
            "--- Below this line is a copy of the message.\n"
            "\n"
            f"{RETURNED}"
        ),
        "5.1.1", True,
    ),
    "qmail temp": (
        "MAILER-DAEMON@mx.example", "failure notice",
        (
            "Hi. This is the qmail-send program at mx.example.\n"
            "\n"
            "<jo@home.example>:\n"
            "Connected to 192.0.2.1 but sender was rejected.\n"
            "Remote host said: 451 4.7.1 greylisted, try again later\n"
            "I'm not going to try again; this message has been in the queue too long.\n"
        ),
        "4.7.1", False,
    ),
    "courier": (
        "Courier mail server at mx.example <@mx.example>", "NOTICE: mail delivery status.",
        (
            "This is a delivery status notification from mx.example,\n"
            "running the Courier mail server, version 0.65.2.\n"
            "\n"
            "UNDELIVERABLE MAIL\n"
            "\n"
            "Your message to the following recipients cannot be delivered:\n"
            "\n"
            "<jo@home.example>:\n"
            "    mx.home.example [192.0.2.2]:\n"
            ">>> RCPT TO:<jo@home.example>\n"
            "<<< 550 5.1.1 <jo@home.example>... User Unknown\n"
        ),
        "5.1.1", True,
    ),
    "apple": (
        "Mail Delivery System <MAILER-DAEMON@icloud.example>", "Undelivered Mail Returned to Sender",
        (
            "<jo@home.example>: 550 5.7.1 [CS01] Message rejected due to local policy.\n"
        ),
        "5.7.1", False,
    ),
    "mailmarshal": (
        "MailMarshal <postmaster@home.example>", "Undeliverable Mail: Order",
        (
            "Your message:\n"
            "   From:    desk@shop.example\n"
            "   Subject: Order\n"
            "Could not be delivered because of\n"
            "\n"
            "550 5.1.1 User unknown\n"
            "\n"
            "The following recipients were affected:\n"
            "    jo@home.example\n"
        ),
        "5.1.1", True,
    ),
    "mimecast": (
        "postmaster@mimecast.example", "[Postmaster] Email Delivery Failure",
        (
            "This is a message from the Mimecast service.\n"
            "Your email to jo@home.example was rejected: 550 Invalid Recipient\n"
        ),
        "5.0.0", True,
    ),
    "exim frozen": (
        "Mail Delivery System <Mailer-Daemon@mx.example>", "Warning: message 1abc delayed 24 hours",
        (
            "This message was created automatically by mail delivery software.\n"
            "A message that you sent has not yet been delivered to one or more of its\n"
            "recipients after more than 24 hours on the queue on mx.example.\n"
            "\n"
            "The address to which the message has not yet been delivered is:\n"
            "\n"
            "  jo@home.example\n"
            "    Delay reason: Connection timed out\n"
            "\n"
            "No action is required on your part.\n"
        ),
        "4.0.0", False,
    ),
    "office365 prose": (
        "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@home.example>", "Undeliverable: Order",
        (
            "Your message to jo@home.example couldn't be delivered.\n"
            "\n"
            "jo wasn't found at home.example.\n"
            "\n"
            "Original Message Details\n"
            "Created Date: 3/3/2025\n"
            "Sender Address: desk@shop.example\n"
            "\n"
            "Error Details\n"
            "Reported error: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient jo@home.example not found by SMTP address lookup\n"
        ),
        "5.1.10", True,
    ),
    "gmail new": (
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)",
        (
            "** Address not found **\n"
            "\n"
            "Your message wasn't delivered to jo@home.example because the address couldn't be found, or is unable to receive mail.\n"
            "\n"
            "The response from the remote server was:\n"
            "550 5.1.1 <jo@home.example>: Recipient address rejected: User unknown\n"
        ),
        "5.1.1", True,
    ),
    "docomo": (
        "mail delivery <mailer-daemon@docomo.example>", "Undelivered Mail",
        (
            "The mail system\n"
            "\n"
            "<jo@home.example>: host mfsmax.docomo.example said: 550 Unknown user jo@home.example (in reply to RCPT TO command)\n"
        ),
        "5.0.0", True,
    ),
    "japanese": (
        "Mail Delivery Subsystem <MAILER-DAEMON@example.jp>", "メールエラー通知",
        (
            "お客様の送信したメールは、次の宛先に届けることができませんでした。\n"
            "\n"
            "<jo@home.example>\n"
            "ユーザが存在しません\n"
        ),
        "5.0.0", True,
    ),
    "russian": (
        "Mailer-Daemon@mail.example", "Недоставленное сообщение",
        (
            "Письмо не может быть доставлено:\n"
            "jo@home.example\n"
            "пользователь не найден\n"
        ),
        "5.0.0", True,
    ),
    "chinese": (
        "PostMaster@qq.example", "系统退信",
        (
            "抱歉，您的邮件无法送达\n"
            "收件人：jo@home.example\n"
            "退信原因：收件人邮箱地址不存在\n"
        ),
        "5.0.0", True,
    ),
    "french": (
        "Postmaster <postmaster@home.example>", "Échec de la remise : commande",
        (
            "Le message n'a pas pu être remis aux destinataires suivants :\n"
            "\n"
            "jo@home.example\n"
            "Adresse inconnue\n"
        ),
        "5.0.0", True,
    ),
    "barracuda": (
        "Barracuda <postmaster@home.example>", "**Message you sent blocked by our bulk email filter**",
        (
            "Your message to: jo@home.example\n"
            "was blocked by our Spam Firewall. The email you sent with the following subject has NOT BEEN DELIVERED:\n"
            "\n"
            "Subject: Order\n"
        ),
        "5.0.0", False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_mail_systems(form: str) -> None:
    """Who was not reached, the class of the fault, and whether the address is of no use."""
    sender, subject, notice, status, hard = FORMS[form]
    raw = f"From: {sender}\nTo: desk@shop.example\nReturn-Path: <>\nSubject: {subject}\n\n{notice}".encode()
    [report] = parse_mail(raw).bounces
    assert (report.recipient, report.status, report.hard) == ("jo@home.example", status, hard)
    assert report.reason
    assert report.original_message_id == ("m1@shop.example" if RETURNED in notice else "")


@pytest.mark.parametrize("form", FORMS)
def test_a_person_who_quotes_a_report_is_read(form: str) -> None:
    """The same words, forwarded by a customer with a question, are a mail to be answered."""
    _, subject, notice, _, _ = FORMS[form]
    quoted = "".join(f"> {line}\n" for line in notice.splitlines())
    for text in (f"What does this mean?\n\n{notice}", f"What does this mean?\n\n{quoted}"):
        raw = f"From: Jo <jo@home.example>\nTo: desk@shop.example\nSubject: Fwd: {subject}\n\n{text}".encode()
        assert not parse_mail(raw).is_bounce
