"""Mails that somebody passes on, as many programs write them in many languages; all made up here."""

import time
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.forwarded import Forwarded, forwarded
from channels.email.parse import parse_mail

WHEN = datetime(2025, 3, 3, 9, 15, tzinfo=UTC)
"""10:15 in the zone of the forwarder."""


def passed_on(text: str, subject: str = "Fwd: Order 77", **fields: str) -> Forwarded | None:
    """Read a mail of an agent with this plain text."""
    head = {
        "From": "Ann <ann@shop.example>",
        "To": "desk@shop.example",
        "Subject": subject,
        "Date": "Mon, 3 Mar 2025 11:00:00 +0100",
        "Content-Type": "text/plain; charset=utf-8",
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    return forwarded(parse_mail(("".join(f"{k}: {v}\n" for k, v in head.items()) + "\n" + text).encode()))


OUTLOOK = {
    "en": ("From", "Sent", "To", "Subject", "Monday, March 3, 2025 10:15 AM"),
    "de": ("Von", "Gesendet", "An", "Betreff", "Montag, 3. März 2025 10:15"),
    "fr": ("De ", "Envoyé ", "À ", "Objet ", "lundi 3 mars 2025 10:15"),
    "es": ("De", "Enviado", "Para", "Asunto", "lunes, 3 de marzo de 2025 10:15"),
    "pt": ("De", "Enviado", "Para", "Assunto", "3 de março de 2025 10:15"),
    "it": ("Da", "Inviato", "A", "Oggetto", "lunedì 3 marzo 2025 10:15"),
    "nl": ("Van", "Verzonden", "Aan", "Onderwerp", "maandag 3 maart 2025 10:15"),
    "sv": ("Från", "Skickat", "Till", "Ämne", "den 3 mars 2025 10:15"),
    "da": ("Fra", "Sendt", "Til", "Emne", "3. marts 2025 10:15"),
    "fi": ("Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe", "maanantai 3. maaliskuuta 2025 10.15"),
    "pl": ("Od", "Wysłano", "Do", "Temat", "poniedziałek, 3 marca 2025 10:15"),
    "cs": ("Od", "Odesláno", "Komu", "Předmět", "pondělí 3. března 2025 10:15"),
    "ru": ("От", "Отправлено", "Кому", "Тема", "3 марта 2025 г. 10:15"),
    "uk": ("Від", "Надіслано", "Кому", "Тема", "3 березня 2025 р. 10:15"),
    "tr": ("Kimden", "Gönderildi", "Kime", "Konu", "3 Mart 2025 Pazartesi 10:15"),
    "hu": ("Feladó", "Elküldve", "Címzett", "Tárgy", "2025. március 3. 10:15"),
    "ro": ("De la", "Trimis", "Către", "Subiect", "luni, 3 martie 2025 10:15"),
    "el": ("Από", "Στάλθηκε", "Προς", "Θέμα", "Δευτέρα, 3 Μαρτίου 2025 10:15"),
    "ja": ("差出人", "送信日時", "宛先", "件名", "2025年3月3日 10:15"),
    "zh": ("发件人", "发送时间", "收件人", "主题", "2025年3月3日 上午10:15"),
    "ko": ("보낸 사람", "보낸 날짜", "받는 사람", "제목", "2025년 3월 3일 월요일 오전 10:15"),
}


@pytest.mark.parametrize("language", OUTLOOK)
@pytest.mark.parametrize(
    "above", ["", "Please answer her.\n\n", "Please answer her.\n\n________________________________\n"]
)
def test_outlook_in_many_languages(language: str, above: str) -> None:
    """The block of Outlook for Windows, the web and Macs: author, recipients, subject, time and text."""
    sender, sent, to, subject, date = OUTLOOK[language]
    text = (
        f"{above}{sender}: Jo Bell <jo@home.example>\n{sent}: {date}\n{to}: Desk <desk@shop.example>; "
        f"al@home.example\n{subject}: Order 77\n\nWhere is my lamp?\n\nJo\n"
    )
    found = passed_on(text, "WG: Order 77")
    assert found is not None
    assert (found.from_.name, found.from_.address) == ("Jo Bell", "jo@home.example")
    assert [item.address for item in found.to] == ["desk@shop.example", "al@home.example"]
    assert (found.subject, found.text, found.date) == ("Order 77", "Where is my lamp?\n\nJo", WHEN)
    assert found.comment == ("Please answer her." if above else "")


DIVIDERS = [
    "---------- Forwarded message ---------", "---------- Forwarded message ----------",
    "-------- Forwarded Message --------", "------- Forwarded Message -------", "‐‐‐‐‐‐‐ Forwarded Message ‐‐‐‐‐‐‐",
    "----- Forwarded Message -----", "Begin forwarded message:", "============ Forwarded message ============",
    "----- Forwarded by Ann Desk/Shop on 03/03/2025 10:20 AM -----",
    "----- Weitergeleitet von Ann Desk/Shop am 03.03.2025 10:20 -----",
    "-------- Weitergeleitete Nachricht --------", "Anfang der weitergeleiteten Nachricht:",
    "-------- Message transféré --------", "Début du message réexpédié :",
    "-------- Mensaje reenviado --------", "Inicio del mensaje reenviado:",
    "-------- Mensagem encaminhada --------", "Início da mensagem reencaminhada:",
    "-------- Messaggio Inoltrato --------", "Inizio messaggio inoltrato:",
    "-------- Doorgestuurd bericht --------", "Begin doorgestuurd bericht:",
    "-------- Vidarebefordrat meddelande --------", "Vidarebefordrat brev:",
    "-------- Videresendt meddelelse --------", "Start på videresendt besked:",
    "-------- Välitetty viesti --------", "Välitetty viesti alkaa:",
    "-------- Przekazana wiadomość --------", "Początek przekazywanej wiadomości:",
    "-------- Přeposlaná zpráva --------", "Začátek přeposílané zprávy:",
    "-------- Пересылаемое сообщение --------", "Начало переадресованного сообщения:",
    "-------- Переслане повідомлення --------", "-------- Továbbított üzenet --------",
    "-------- İletilmiş İleti --------", "-------- Mesaj redirecționat --------",
    "-------- 転送メッセージ --------", "-------- 转发的消息 --------", "-------- 전달된 메시지 --------",
    "-------- Προωθημένο μήνυμα --------", "-------- הודעה מועברת --------",
]  # fmt: skip


@pytest.mark.parametrize("mark", ["", "> "])
@pytest.mark.parametrize("divider", DIVIDERS)
def test_telling_lines_in_many_languages(divider: str, mark: str) -> None:
    """Gmail, Thunderbird, Apple, Yahoo, Proton, Zoho and Notes say it, whatever the subject; Apple quotes the rest."""
    block = "From: Jo Bell <jo@home.example>\nDate: Mon, 3 Mar 2025 10:15:00 +0100\nSubject: Order 77\nTo: desk@shop.example"
    lines = f"{block}\n\nWhere is my lamp?\n> An old quote\n".splitlines()
    text = f"Hi team,\nplease see below.\n\n{divider}\n\n" + "\n".join(mark + line for line in lines)
    found = passed_on(text, "Please help")
    assert found is not None
    assert (found.from_.name, found.from_.address) == ("Jo Bell", "jo@home.example")
    assert (found.subject, found.date) == ("Order 77", WHEN)
    assert found.text == "Where is my lamp?\n> An old quote"
    assert found.comment == "Hi team,\nplease see below."


GMAIL = {
    "de": ("Von: **Jo Bell** <jo@home.example>\nDate: Mo., 3. März 2025 um 10:15 Uhr\nSubject: Order 77\nTo: <desk@shop.example>"),
    "fr": ("De : *Jo Bell* <jo@home.example>\nDate: lun. 3 mars 2025 à 10:15\nSubject: Order 77\nTo: <desk@shop.example>"),
    "es": ("De: Jo Bell <jo@home.example>\nDate: lun, 3 mar 2025 a las 10:15\nSubject: Order 77\nTo: <desk@shop.example>"),
    "en": ("From: Jo Bell <jo@home.example>\nDate: Mon, Mar 3, 2025 at 10:15\u202fAM\nSubject: Order 77\nTo: <desk@shop.example>"),
    "ru": ("От: Jo Bell <jo@home.example>\nDate: пн, 3 мар. 2025 г. в 10:15\nSubject: Order 77\nTo: <desk@shop.example>"),
    "ja": ("From: Jo Bell <jo@home.example>\nDate: 2025年3月3日(月) 10:15\nSubject: Order 77\nTo: <desk@shop.example>"),
    "yahoo": ('From: Jo Bell <jo@home.example>\nTo: "desk@shop.example" <desk@shop.example>\n'
              "Sent: Monday, March 3, 2025 at 10:15:00 AM GMT+1\nSubject: Order 77"),
    "proton": ("From: Jo Bell <jo@home.example>\nDate: On Monday, March 3rd, 2025 at 10:15 AM\nSubject: Order 77\nTo: desk@shop.example"),
    "thunderbird": ("Subject: \tOrder 77\nDate: \tMon, 3 Mar 2025 10:15:00 +0100\nFrom: \tJo Bell <jo@home.example>\n"
                    "Reply-To: \tjo@other.example\nTo: \tdesk@shop.example"),
    "notes": ('From:\t"Jo Bell" <jo@home.example>\nTo:\tdesk@shop.example\nDate:\t03.03.2025 10:15\nSubject:\tOrder 77'),
    "samsung": ("From: Jo Bell <jo@home.example>\nDate: 03/03/2025 10:15 (GMT+01:00)\nTo: desk@shop.example\nSubject: Order 77"),
    "old outlook": ("From: Jo Bell [mailto:jo@home.example]\nSent: 03 March 2025 10:15\nTo: desk@shop.example\nSubject: Order 77"),
    "outlook as text": ("From: Jo Bell <jo@home.example<mailto:jo@home.example>>\nSent: Monday, March 3, 2025 10:15 AM\n"
                        "To: desk@shop.example<mailto:desk@shop.example>\nSubject: Order 77"),
    "bold": ("*From:* Jo Bell <jo@home.example>\n*Sent:* Monday, March 3, 2025 10:15 AM\n*To:* desk@shop.example\n*Subject:* Order 77"),
    "gmx": ('Gesendet: Montag, 03. März 2025 um 10:15 Uhr\nVon: "Jo Bell" <jo@home.example>\nAn: desk@shop.example\nBetreff: Order 77'),
    "qq": ('发件人: "Jo Bell"<jo@home.example>;\n发送时间: 2025年3月3日(星期一) 上午10:15\n收件人: "desk"<desk@shop.example>;\n主题: Order 77'),
    "far apart": ("From: Jo Bell <jo@home.example>\n\nSent: Monday, March 3, 2025 10:15 AM\n\nTo: desk@shop.example\n\nSubject: Order 77"),
}  # fmt: skip


@pytest.mark.parametrize("client", GMAIL)
@pytest.mark.parametrize("divider", ["---------- Forwarded message ---------", "-----Original Message-----"])
def test_forms_of_the_block(client: str, divider: str) -> None:
    """The block's lines in any order, with markup, folded, and with dates as programs write them for people."""
    found = passed_on(f"FYI\n\n{divider}\n{GMAIL[client]}\n\n\nWhere is my lamp?\n")
    assert found is not None
    assert (found.from_.name, found.from_.address) == ("Jo Bell", "jo@home.example")
    assert [item.address for item in found.to] == ["desk@shop.example"]
    assert (found.subject, found.text, found.comment) == ("Order 77", "Where is my lamp?", "FYI")
    assert found.date == WHEN


def test_long_recipient_lists_and_copies() -> None:
    """Fields that go over several lines belong together; names without an address are left out."""
    text = (
        "---------- Forwarded message ---------\nFrom: Jo <jo@home.example>\nDate: Mon, 3 Mar 2025 10:15:00 +0100\n"
        "Subject: A very long subject that some program breaks in\n two\nTo: Desk <desk@shop.example>, \nAl <al@home.example>,\n"
        "  Bo\nCc: Cy <cy@home.example>\n\nHello\n"
    )
    found = passed_on(text)
    assert found is not None
    assert [item.address for item in found.to] == ["desk@shop.example", "al@home.example"]
    assert [(item.name, item.address) for item in found.cc] == [("Cy", "cy@home.example")]
    assert found.subject == "A very long subject that some program breaks in two"
    assert found.text == "Hello"


def test_the_end_line_and_the_second_line() -> None:
    """Zoho repeats the telling line, mutt closes with one."""
    text = (
        "=== Forwarded message ===\nFrom: Jo <jo@home.example>\nTo: <desk@shop.example>\nDate: Mon, 03 Mar 2025 10:15:00 "
        "+0100\nSubject: Order 77\n============ Forwarded message ============\n\nHello\n\n----- End forwarded message -----\nAnn\n"
    )
    found = passed_on(text)
    assert found is not None
    assert found.text == "Hello"


def test_words_below_a_quoted_mail_are_the_forwarders() -> None:
    """Apple marks the inner mail as a quote, so what stands below it is known to be a comment."""
    block = "> From: Jo <jo@home.example>\n> Date: Mon, 3 Mar 2025 10:15:00 +0100\n> Subject: x\n> \n> Hello\n"
    found = passed_on(f"Above\n\nBegin forwarded message:\n\n{block}\nBelow\n")
    assert found is not None
    assert (found.comment, found.text) == ("Above\n\nBelow", "Hello")


def test_empty_lines_inside_the_block() -> None:
    """Some programs set the block's lines apart."""
    found = passed_on(
        "Hi\n\n-----Original Message-----\nFrom: Jo <jo@home.example>\n\nDate: Mon, 3 Mar 2025 10:15:00\n"
        "To:<desk@shop.example>\n\n\nSubject: Order 77\n\n\nHello\n"
    )
    assert found is not None
    assert (found.subject, found.text, found.date) == ("Order 77", "Hello", WHEN)


def test_russian_introduction() -> None:
    """Yandex writes date, name and address in one line."""
    text = (
        'Посмотрите\n\n-------- Начало пересылаемого сообщения --------\n03.03.2025, 10:15, "Jo Bell" <jo@home.example>:\n\n'
        "Где лампа?\n\n-------- Конец пересылаемого сообщения --------\n"
    )
    found = passed_on(text, "Fwd: Лампа")
    assert found is not None
    assert (found.from_.address, found.subject, found.text, found.date) == (
        "jo@home.example", "Лампа", "Где лампа?", WHEN
    )  # fmt: skip


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Re: Order 77", "Done.\n\nFrom: Jo <jo@home.example>\nSent: Monday, March 3, 2025 10:15 AM\nTo: desk@shop.example\nSubject: Order 77\n\nHi\n"),
        ("AW: Order 77", "Ok.\n\n-----Ursprüngliche Nachricht-----\nVon: Jo <jo@home.example>\nGesendet: Montag, 3. März 2025 10:15\nAn: desk@shop.example\nBetreff: Order 77\n\nHi\n"),
        ("Re: Order 77", "Yes.\n\nOn Mon, 3 Mar 2025 at 10:15, Jo <jo@home.example> wrote:\n> Hi\n"),
        ("Fwd: Order 77", "---------- Forwarded message ---------\nFrom: Jo Bell\nDate: Mon, 3 Mar 2025 10:15\nSubject: x\nTo: Desk\n\nHi\n"),
        ("Fwd: Order 77", "Can you forward it to me? I lost it."),
        ("Order", "From: me to you, sent with love.\nSubject: none.\n"),
        ("", ""),
    ],
)  # fmt: skip
def test_no_mail_passed_on(subject: str, text: str) -> None:
    """Answers, blocks without an address, and people's words."""
    assert passed_on(text, subject) is None


def test_an_old_forward_inside_an_answer_is_no_forward() -> None:
    """What an answer quotes was passed on by somebody else."""
    text = (
        "Thanks.\n\nFrom: Jo <jo@home.example>\nSent: Monday, March 3, 2025 10:15 AM\nTo: desk@shop.example\nSubject: FW: x\n\n"
        "---------- Forwarded message ---------\nFrom: Al <al@home.example>\nDate: Mon, 3 Mar 2025 10:15\nSubject: x\nTo: jo@home.example\n\nHi\n"
    )
    assert passed_on(text, "Re: x") is None


def test_only_a_signature_is_no_comment() -> None:
    """What telephones and programs add by themselves is not what the forwarder says."""
    block = "\n\nBegin forwarded message:\n\n> From: Jo <jo@home.example>\n> Subject: x\n> Date: 3 March 2025 at 10:15:00 CET\n> To: desk@shop.example\n> \n> Hi\n"
    for above in ("Sent from my iPhone", "-- \nAnn\nShop", ""):
        found = passed_on(above + block)
        assert found is not None
        assert (found.comment, found.text, found.date) == ("", "Hi", WHEN)


def html_mail(markup: str, text: str = "", subject: str = "Fwd: Order 77") -> Forwarded | None:
    """Read a mail of an agent with HTML, and with plain text too when given."""
    head = f"From: ann@shop.example\nTo: desk@shop.example\nSubject: {subject}\nDate: Mon, 3 Mar 2025 11:00:00 +0100\nMIME-Version: 1.0\n"
    if not text:
        return forwarded(parse_mail(f"{head}Content-Type: text/html; charset=utf-8\n\n{markup}".encode()))
    body = f"--s\nContent-Type: text/plain; charset=utf-8\n\n{text}\n--s\nContent-Type: text/html; charset=utf-8\n\n{markup}\n--s--\n"
    return forwarded(parse_mail(f"{head}Content-Type: multipart/alternative; boundary=s\n\n{body}".encode()))


HTML = {
    "gmail": (
        '<div dir="ltr">Please answer.<br><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">---------- Forwarded '
        'message ---------<br>From: <b>Jo Bell</b> &lt;<a href="mailto:jo@home.example">jo@home.example</a>&gt;<br>Date: Mon, '
        'Mar 3, 2025 at 10:15\u202fAM<br>Subject: Order 77<br>To: &lt;<a href="mailto:desk@shop.example">desk@shop.example</a>'
        '&gt;<br></div><br><div>Where is my <b>lamp</b>? <img src="cid:one" alt=""></div></div></div>'
    ),
    "outlook": (
        '<p>Please answer.</p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in"><p><b>From:</b> '
        "Jo Bell &lt;jo@home.example&gt; <br><b>Sent:</b> Monday, March 3, 2025 10:15 AM<br><b>To:</b> desk@shop.example<br>"
        '<b>Subject:</b> Order 77</p></div><p>Where is my <b>lamp</b>? <img src="cid:one" alt=""></p>'
    ),
    "outlook web": (
        '<div>Please answer.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg" dir="ltr"><font><b>From:</b> Jo Bell '
        "&lt;jo@home.example&gt;<br><b>Sent:</b> Monday, March 3, 2025 10:15 AM<br><b>To:</b> desk@shop.example "
        "&lt;desk@shop.example&gt;<br><b>Subject:</b> Order 77</font><div>&nbsp;</div></div><div>Where is my <b>lamp</b>? "
        '<img src="cid:one" alt=""></div>'
    ),
    "thunderbird": (
        'Please answer.<br><div class="moz-forward-container">-------- Forwarded Message --------<table><tbody><tr><th>Subject: '
        "</th><td>Order 77</td></tr><tr><th>Date: </th><td>Mon, 3 Mar 2025 10:15:00 +0100</td></tr><tr><th>From: </th><td>Jo "
        'Bell <a href="mailto:jo@home.example">&lt;jo@home.example&gt;</a></td></tr><tr><th>To: </th><td><a '
        'href="mailto:desk@shop.example">desk@shop.example</a></td></tr></tbody></table><br>Where is my <b>lamp</b>? '
        '<img src="cid:one" alt=""></div>'
    ),
    "apple": (
        '<div>Please answer.<br><blockquote type="cite"><div>Begin forwarded message:</div><br><div><span><b>From: </b></span>'
        '<span>Jo Bell &lt;<a href="mailto:jo@home.example">jo@home.example</a>&gt;</span></div><div><b>Subject: </b>Order 77</div>'
        '<div><b>Date: </b>3 March 2025 at 10:15:00 CET</div><div><b>To: </b>desk@shop.example</div><br><div>Where is my <b>lamp</b>?'
        ' <img src="cid:one" alt=""></div></blockquote></div>'
    ),
}  # fmt: skip


@pytest.mark.parametrize("client", HTML)
def test_html_of_the_inner_mail(client: str) -> None:
    """The HTML below the block is kept with its pictures, and is clean; what the forwarder wrote is not in it."""
    found = html_mail(HTML[client])
    assert found is not None
    assert (found.from_.address, found.subject, found.comment, found.date) == (
        "jo@home.example", "Order 77", "Please answer.", WHEN
    )  # fmt: skip
    assert "<b>lamp</b>" in found.html
    assert "cid:one" in found.html
    assert "Please answer" not in found.html
    assert "Order 77" not in found.html
    assert found.text.startswith("Where is my lamp?")


def test_text_and_html_of_the_same_mail() -> None:
    """With both, the text is read and the HTML is cut at the same place."""
    text = (
        "Please answer.\n\n---------- Forwarded message ---------\nFrom: Jo Bell <jo@home.example>\nDate: Mon, Mar 3, 2025 at "
        "10:15\u202fAM\nSubject: Order 77\nTo: <desk@shop.example>\n\nWhere is my *lamp*?\n"
    )
    found = html_mail(HTML["gmail"], text)
    assert found is not None
    assert found.text == "Where is my *lamp*?"
    assert "<b>lamp</b>" in found.html
    assert "Forwarded" not in found.html


def test_a_mail_attached_whole() -> None:
    """Outlook and Thunderbird attach the mail: its own header is better than any block."""
    inner = (
        "From: Jo Bell <jo@home.example>\nTo: desk@shop.example\nCc: al@home.example\nSubject: Order 77\nDate: Mon, 3 Mar 2025 "
        "10:15:00 +0100\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=in\n\n--in\nContent-Type: text/plain\n\n"
        "Where is my lamp?\n\n--in\nContent-Type: image/png; name=lamp.png\n\nxx\n--in--\n"
    )
    raw = (
        "From: ann@shop.example\nTo: desk@shop.example\nSubject: Order 77\nMIME-Version: 1.0\nContent-Type: multipart/mixed; "
        "boundary=out\n\n--out\nContent-Type: text/plain\n\nPlease answer.\n\n-- \nAnn\n\n--out\nContent-Type: message/rfc822\n\n"
        f"{inner}\n--out--\n"
    )
    found = forwarded(parse_mail(raw.encode()))
    assert found is not None
    assert (found.from_.address, found.subject, found.date, found.text) == (
        "jo@home.example", "Order 77", WHEN, "Where is my lamp?"
    )  # fmt: skip
    assert found.comment == "Please answer."
    assert [item.address for item in found.cc] == ["al@home.example"]
    assert [item.name for item in found.attachments] == ["lamp.png"]
    assert forwarded(parse_mail(raw.replace("Subject: Order 77", "Subject: Re: Order 77", 1).encode())) is None


@given(
    st.lists(
        st.sampled_from([*DIVIDERS[:9], *GMAIL["en"].split("\n"), "", "> x", "Jo", "From:", "To: ,;<>"]), max_size=30
    )
)
def test_any_order_of_lines_is_read(lines: list[str]) -> None:
    """Whatever the lines, reading ends without a fault, and an author has an address."""
    found = passed_on("\n".join(lines))
    assert found is None or "@" in found.from_.address


@pytest.mark.parametrize(
    "line",
    [
        "Reply-To: x\n",
        "To: a\nCc: b\nSubject: c\nDate: d\n",
        "Forwarded message\n",
        "-" * 190 + "\n",
        "To: a,\nb,\n",
        "> ",
        "From: a@b.c\n",
    ],
)
def test_long_texts_take_linear_time(line: str) -> None:
    """A megabyte of any line is looked through in seconds."""
    read = parse_mail(b"From: a@b.example\nSubject: Fwd: x\n\nHi\n")
    big = msgspec.structs.replace(read, text=line * (1_000_000 // len(line)), safe_html=f"<p>{line * 10_000}</p>")
    started = time.process_time()
    forwarded(big)
    assert time.process_time() - started < 5
