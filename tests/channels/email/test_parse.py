"""Whole mails, ordinary, odd and hostile; all made up here."""

import base64
import hashlib
import time
from datetime import UTC, datetime

import pytest

from channels.email.bodies import MAX_FILES, clean_name, unflow
from channels.email.parse import MAX_MAIL, parse_mail
from tests.channels.email.mails import PNG, check, mail, multipart


def test_an_ordinary_mail() -> None:
    """Fields, ids, date, text and reply of a plain answer."""
    read = parse_mail(
        mail(
            "Yes, please.\n\nOn Mon, 3 Mar 2025 at 10:15, Desk <desk@shop.example> wrote:\n> Shall we?\n",
            Cc="A <a@x.example>, b@x.example",
            Message_ID="<one@home.example>",
            In_Reply_To="<two@shop.example>",
            References="<three@shop.example>\r\n <two@shop.example>",
            Date="Mon, 3 Mar 2025 11:00:00 +0530",
            Delivered_To="Desk+77@shop.example",
            Return_Path="<jo@home.example>",
        )
    )
    assert [(item.name, item.address) for item in read.from_] == [("Jo", "jo@home.example")]
    assert [item.address for item in read.cc] == ["a@x.example", "b@x.example"]
    assert (read.subject, read.message_id, read.in_reply_to) == ("Order 77", "one@home.example", "two@shop.example")
    assert read.references == ["three@shop.example", "two@shop.example"]
    assert read.date == datetime(2025, 3, 3, 5, 30, tzinfo=UTC)
    assert read.delivered_to == ["desk+77@shop.example"]
    assert read.return_path == "jo@home.example"
    assert read.reply_text == "Yes, please."
    assert "> Shall we?" in read.quoted_text
    assert read.error is None
    assert not (read.is_bounce or read.is_auto_reply or read.is_list or read.is_feedback_report)


def test_text_and_html_and_inline_picture() -> None:
    """The alternative gives text and HTML, the picture is an inline file with its id."""
    picture = base64.b64encode(PNG).decode()
    inner = (
        "Content-Type: multipart/related; boundary=rel\n\n--rel\nContent-Type: text/html; charset=utf-8\n\n"
        "<p>Hi <img src='cid:pic@x'><script>1</script></p>\n--rel\nContent-Type: image/png\nContent-ID: <pic@x>\n"
        f"Content-Transfer-Encoding: base64\n\n{picture}\n--rel--"
    )
    read = parse_mail(multipart("alternative", "Content-Type: text/plain\n\nHi plain", inner))
    assert read.text.strip() == "Hi plain"
    assert 'src="cid:pic@x"' in read.safe_html
    assert "script" not in read.safe_html
    [found] = read.attachments
    assert (found.content, found.content_id, found.disposition) == (PNG, "pic@x", "")
    assert found.sha256 == hashlib.sha256(PNG).hexdigest()
    assert found.name == "attachment-1.png"


def test_only_html_is_read_as_text() -> None:
    """A mail without plain text has text all the same."""
    read = parse_mail(mail("<p>One</p><p>Two</p>", Content_Type="text/html"))
    assert read.text == "One\n\nTwo"
    assert read.reply_text == "One\n\nTwo"


def test_several_text_parts_are_joined() -> None:
    """Apple Mail puts text around files in parts of their own."""
    read = parse_mail(
        multipart(
            "mixed",
            "Content-Type: text/plain\n\nbefore",
            "Content-Type: application/pdf; name=a.pdf\nContent-Disposition: inline; filename=a.pdf\n\npdf",
            "Content-Type: text/plain\n\nafter",
        )
    )
    assert read.text.split() == ["before", "after"]
    assert [item.name for item in read.attachments] == ["a.pdf"]


def test_parts_that_are_files_by_nature() -> None:
    """Messages, invitations, signatures and named texts are files with names."""
    read = parse_mail(
        multipart(
            "mixed",
            "Content-Type: text/plain\n\nbody",
            "Content-Type: message/rfc822\n\nSubject: Old order\n\ninner",
            "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR",
            "Content-Type: application/pgp-signature\n\n-----BEGIN PGP SIGNATURE-----",
            "Content-Type: application/pkcs7-mime\n\nx",
            "Content-Type: text/plain; name=notes.txt\nContent-Disposition: attachment\n\nnote",
            'Content-Type: image/jpeg\nContent-Disposition: attachment; filename=""\n\nx',
        )
    )
    assert read.text == "body"
    assert [item.name for item in read.attachments] == [
        "Old order.eml", "invite.ics", "signature.asc", "smime.p7m", "notes.txt", "attachment-6.jpg",
    ]  # fmt: skip
    assert b"Subject: Old order" in read.attachments[0].content


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("filename*=utf-8''%E2%82%AC%20rates.pdf", "€ rates.pdf"),
        ("filename*0*=iso-8859-1''caf%E9; filename*1=\"-menu.pdf\"", "café-menu.pdf"),
        ('filename="=?utf-8?q?caf=C3=A9.pdf?="', "café.pdf"),
        ('filename="=?utf-8?b?Y2Fm?= =?utf-8?b?w6kucGRm?="', "café.pdf"),
        ('filename="a;b.pdf"', "a;b.pdf"),
        ('filename="C:\\\\Users\\\\jo\\\\a.pdf"', "a.pdf"),
        ('filename="../../etc/passwd"', "passwd"),
        ("filename=plain name.pdf", "plain name.pdf"),
        ('filename="café.pdf"', "café.pdf"),
    ],
)
def test_file_names(header: str, name: str) -> None:
    """RFC 2231, RFC 2047 where it must not be, quotes, folders and raw UTF-8."""
    read = parse_mail(
        multipart(
            "mixed",
            "Content-Type: text/plain\n\nx",
            f"Content-Type: application/pdf\nContent-Disposition: attachment; {header}\n\nx",
        )
    )
    assert [item.name for item in read.attachments] == [name]


def test_pictures_with_and_without_their_marks() -> None:
    """A picture with an id but no disposition, one with a disposition but no id, and one with empty names."""
    read = parse_mail(
        multipart(
            "related",
            'Content-Type: text/html\n\n<img src="cid:one@x"><img src="cid:two@x">',
            "Content-Type: image/png\nContent-ID: <one@x>\n\nA",
            "Content-Type: image/png; name=two.png\nContent-Disposition: inline\n\nB",
            'Content-Type: image/gif; name=""\nContent-Disposition: attachment; filename=""\nContent-ID: <>\n\nC',
        )
    )
    assert [(item.name, item.disposition, item.content_id) for item in read.attachments] == [
        ("attachment-1.png", "", "one@x"), ("two.png", "inline", ""), ("attachment-3.gif", "attachment", ""),
    ]  # fmt: skip
    assert 'src="cid:one@x"' in read.safe_html


def test_nul_bytes_everywhere() -> None:
    """NUL bytes in fields, names, text and HTML are left out, and kept in files."""
    read = parse_mail(
        b"From: Jo\0 <jo\0@home.example>\nSubject: a\0b =?utf-8?q?c=00d?=\nMessage-ID: <m\0@x>\nContent-Type: multipart/mixed; "
        b"boundary=s\n\n--s\nContent-Type: text/plain\n\nte\0xt\n--s\nContent-Type: text/html\n\n<p>h\0tml</p>\n--s\n"
        b'Content-Type: image/png; name="a\0.png"\nContent-Transfer-Encoding: base64\n\nAAEA\n--s--\n'
    )
    check(read)
    assert (read.subject, read.message_id, read.from_[0].address) == ("ab cd", "m@x", "jo@home.example")
    assert [(item.name, item.content) for item in read.attachments] == [("a.png", b"\0\1\0")]


def test_a_mail_of_fifty_megabytes() -> None:
    """A large file is whole, in seconds; of a larger mail than is read the rest is said to be missing."""
    coded = base64.encodebytes(bytes(range(256)) * 140_000)
    head = (
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=s\n\n--s\nContent-Type: text/plain\n\nHello\n--s\n"
    )
    raw = head + b"Content-Type: video/mp4; name=a.mp4\nContent-Transfer-Encoding: base64\n\n" + coded + b"--s--\n"
    assert 45_000_000 < len(raw) < MAX_MAIL
    started = time.process_time()
    read = parse_mail(raw)
    assert time.process_time() - started < 20
    assert (read.text.strip(), read.attachments[0].size, read.error) == ("Hello", 256 * 140_000, None)
    assert "larger than 60 MB" in (parse_mail(head + b"x" * MAX_MAIL).error or "")


def test_rich_text_of_old_programs() -> None:
    """text/enriched is read when it is all there is, and else is a file beside the text that programs show."""
    rich = "Content-Type: text/enriched\n\n<bold>Hello</bold> you"
    assert parse_mail(multipart("mixed", rich)).text.strip() == "Hello you"
    read = parse_mail(multipart("alternative", "Content-Type: text/plain\n\nHello", rich))
    assert (read.text.strip(), [item.content_type for item in read.attachments]) == ("Hello", ["text/enriched"])


def test_name_without_direction_tricks() -> None:
    """A name cannot hide its ending by turning the direction of writing, and long ones keep the ending."""
    assert clean_name("invoice\u202efdp.exe") == "invoicefdp.exe"
    assert clean_name("a" * 300 + ".pdf").endswith(".pdf")
    assert len(clean_name("a" * 300 + ".pdf")) == 200


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=?utf-8?q?J=C3=BCrgen?=", "Jürgen"),
        ("=?utf-8?b?SsO8?= =?utf-8?b?cmdlbg==?=", "Jürgen"),
        ("=?utf-8?b?SsM=?=\r\n =?utf-8?b?vHJnZW4=?=", "Jürgen"),
        ("=?iso-8859-1?q?J=FCrgen_B?= and =?utf-8?q?=C3=A9?=", "Jürgen B and é"),
        ("=?unknown-8bit?q?abc?=", "abc"),
        ("=?utf-8?q?broken", "=?utf-8?q?broken"),
        ("=?gb2312?b?xOO6ww==?=", "你好"),
        ("=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本"),
        ("=?koi8-r?b?8NLJ18XU?=", "Привет"),
        ("Grüße ✓", "Grüße ✓"),
        ("folded\r\n\tsubject", "folded subject"),
    ],
)
def test_subjects(value: str, expected: str) -> None:
    """Encoded words of many kinds, split in a character, and raw UTF-8."""
    assert parse_mail(mail(Subject=value)).subject == expected


def test_eight_bit_header_in_the_charset_of_the_body() -> None:
    """Bytes beyond ASCII in a header are read as the body's charset when they are not UTF-8."""
    raw = b"From: a@b.example\nSubject: \xcf\xf0\xe8\xe2\xe5\xf2\nContent-Type: text/plain; charset=windows-1251\n\nx"
    assert parse_mail(raw).subject == "Привет"
    assert parse_mail(b"Subject: Order\nContent-Type: text/plain; charset=utf-16\n\nx").subject == "Order"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"Bell, Anna" <a@b.example>', [("Bell, Anna", "a@b.example")]),
        ("Bell, Anna <a@b.example>", [("Bell, Anna", "a@b.example")]),
        ("a@b.example (Anna)", [("Anna", "a@b.example")]),
        ("=?utf-8?q?Bell=2C_Anna?= <a@b.example>, c@d.example", [("Bell, Anna", "a@b.example"), ("", "c@d.example")]),
        ("Friends: a@b.example, C <c@d.example>;", [("", "a@b.example"), ("C", "c@d.example")]),
        ("undisclosed-recipients:;", []),
        ('"Anna \\"Ann\\" Bell" <a@b.example>', [('Anna "Ann" Bell', "a@b.example")]),
        ("'Anna' <a@b.example>", [("Anna", "a@b.example")]),
        ("Anna 🎉 <a@b.example>", [("Anna 🎉", "a@b.example")]),
        ("<a@b.example", [("", "a@b.example")]),
        ("Anna", [("Anna", "")]),
    ],
)
def test_addresses(value: str, expected: list[tuple[str, str]]) -> None:
    """What RFC 5322 allows and what is sent instead."""
    assert [(item.name, item.address) for item in parse_mail(mail(Cc=value)).cc] == expected


def test_no_and_several_authors() -> None:
    """From may be missing, hold several mailboxes, or stand twice."""
    assert parse_mail(mail(From="")).from_ == []
    assert len(parse_mail(mail(From="a@x.example, b@x.example")).from_) == 2
    assert len(parse_mail(b"From: a@x.example\nFrom: b@x.example\n\nx").from_) == 2


def test_ten_thousand_recipients() -> None:
    """A long list of recipients is read whole and quickly."""
    started = time.process_time()
    read = parse_mail(mail(To=",\r\n ".join(f"Person {n} <p{n}@x.example>" for n in range(10_000))))
    assert len(read.to) == 10_000
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Thu, 1 Jan 1970 00:00:00 +0000", None),
        ("Fri, 31 Dec 2099 23:59:59 +0000", None),
        ("nonsense", None),
        ("Mon, 03 Mar 25 10:15:00 EST", datetime(2025, 3, 3, 15, 15, tzinfo=UTC)),
        ("3 Mar 2025 10:15 (Monday)", datetime(2025, 3, 3, 10, 15, tzinfo=UTC)),
        ("2025-03-03T10:15:00Z", datetime(2025, 3, 3, 10, 15, tzinfo=UTC)),
        ("Mon, 30 Feb 2025 10:15:00 +0000", None),
        ("Mon, 3 Mar 2025 10:15:60 +0000", datetime(2025, 3, 3, 10, 15, 59, tzinfo=UTC)),
    ],
)
def test_dates(value: str, expected: datetime | None) -> None:
    """Dates we believe and dates we do not."""
    assert parse_mail(mail(Date=value)).date == expected


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: b"From jo@home.example Mon Mar  3 10:15:00 2025\r\n" + raw,
        lambda raw: b"\r\n\r\n" + raw,
        lambda raw: raw.replace(b"\r\n", b"\n"),
        lambda raw: raw.replace(b"\r\n", b"\r"),
        lambda raw: raw.replace(b"\r\n", b"\r\r\n"),
        lambda raw: raw.replace(b"Hello", b"Hel\x00lo"),
        lambda raw: raw.replace(b"Subject: ", b"Subject : "),
    ],
)
def test_what_storing_does_to_mails(change) -> None:
    """Marks, line ends, empty lines and NUL characters do not matter."""
    read = parse_mail(change(mail()))
    assert (read.subject, read.text.strip(), read.from_[0].address) == ("Order 77", "Hello", "jo@home.example")


def test_broken_mime_is_read_as_far_as_it_goes() -> None:
    """No closing boundary, broken base64, an empty boundary, a multipart without parts."""
    raw = mail("--sep\nContent-Type: text/plain\n\nHello\n--sep\nContent-Type: application/pdf; name=a.pdf\n"
               "Content-Transfer-Encoding: base64\n\nAAA!BBB", Content_Type="multipart/mixed; boundary=sep")  # fmt: skip
    read = parse_mail(raw)
    assert read.text.strip() == "Hello"
    assert [item.name for item in read.attachments] == ["a.pdf"]
    assert parse_mail(mail("Hello", Content_Type="multipart/mixed; boundary=nowhere")).text.strip() == "Hello"
    assert "Hello" in parse_mail(mail("Hello", Content_Type="multipart/mixed")).text


def test_many_files_are_kept() -> None:
    """Two hundred files one by one, and of many more nothing is lost."""
    part = "Content-Type: image/png; name={0}.png\n\n{0}"
    assert len(parse_mail(multipart("mixed", *(part.format(n) for n in range(250)))).attachments) == 250
    many = parse_mail(multipart("mixed", *(part.format(n) for n in range(MAX_FILES + 20)))).attachments
    assert len(many) == MAX_FILES
    assert many[-1].content.endswith(str(MAX_FILES + 19).encode())


def test_uuencoded_file_inside_the_text() -> None:
    """Files of the time before MIME are taken out of the text."""
    read = parse_mail(mail("Look:\nbegin 644 cat.txt\n#0V%T\n`\nend\nBye"))
    assert [(item.name, item.content) for item in read.attachments] == [("cat.txt", b"Cat")]
    assert read.text.split() == ["Look:", "Bye"]
    assert parse_mail(mail("begin 123 weeks ago\nI wrote")).attachments == []


def test_flowed_text_is_joined() -> None:
    """Lines that a program broke come together again, quotes and signatures stay lines."""
    assert unflow("one \ntwo\n> a \n> b\n-- \nme") == "one two\n> a b\n-- \nme"
    assert unflow("ein \nWort", delete_space=True) == "einWort"


@pytest.mark.parametrize(
    ("fields", "automatic"),
    [
        ({"Auto_Submitted": "auto-replied"}, True),
        ({"Auto_Submitted": "no"}, False),
        ({"X_Autoreply": "yes"}, True),
        ({"Precedence": "auto_reply"}, True),
        ({"Precedence": "bulk"}, False),
        ({"Subject": "Automatic reply: Order 77"}, True),
        ({"Subject": "Automatische Antwort: Bestellung", "X_Auto_Response_Suppress": "All"}, True),
        ({"Subject": "Abwesenheitsnotiz: Bestellung"}, True),
        ({"Subject": "Réponse automatique : commande"}, True),
        ({"Subject": "Respuesta automática: pedido"}, True),
        ({"Subject": "自动回复: 订单"}, True),
        ({"Subject": "Out of office next week?"}, False),
        ({"Subject": "My vacation booking"}, False),
        ({"Subject": "Question about automatic doors"}, False),
        ({"X-Amazon-Auto-Reply": "true"}, True),
        ({"Delivered-To": "autoresponder"}, True),
        ({"Subject": "Re: Order (Automatic reply)"}, True),
        ({"Subject": "Yanıt: Otomatik Yanıt: sipariş"}, True),
        ({"Subject": "I am out of the office"}, True),
        ({"Subject": "Ferienabwesenheit"}, True),
        ({"Subject": "不在のお知らせ"}, True),
        ({"Subject": "Absence of the driver"}, False),
        ({"Subject": "Re: Vacation rental"}, False),
        ({"Subject": "auto insurance"}, False),
        ({"Return_Path": "<>"}, True),
        ({"Subject": "On vacation my fridge broke"}, False),
        ({"Subject": "On vacation: my fridge broke"}, False),
        ({"Subject": "On vacation until 3 May"}, True),
        ({"Subject": "I am on holiday and my fridge broke"}, False),
        ({"Subject": "I'm on leave until Monday"}, True),
        ({"Subject": "Out of office chairs"}, False),
        ({"Subject": "Out-of-office-chairs order"}, False),
        ({"Subject": "Out of office"}, True),
        ({"Subject": "Out of Office: Re: Order 77"}, True),
        ({"Subject": "Out of office (Jo Ray)"}, True),
        ({"Subject": "Out of the office until 3 May!"}, True),
        ({"Subject": "Out of office chairs", "Precedence": "bulk"}, True),
        ({"Subject": "Re: Out of office chairs", "In_Reply_To": "<m@shop.example>"}, False),
        ({"Subject": "Re: Automatic reply: Order 77", "In_Reply_To": "<m@shop.example>"}, False),
        ({"Subject": "Automatic response valve is broken"}, False),
        ({"Subject": "Auto: Reifen kaputt"}, False),
        ({"Subject": "Auto: 3er BMW, Reifen kaputt"}, False),
        ({"Subject": "Außer Haus wird nicht geliefert"}, False),
        ({"Subject": "Absent du bureau mes chaises ont disparu"}, False),
        ({"Subject": "Abwesenheit bis 3. Mai"}, True),
        ({"Subject": "自動返信メール"}, True),
    ],
)
def test_automatic_answers(fields: dict[str, str], automatic: bool) -> None:
    """Machines are told from people by several signs."""
    assert parse_mail(mail(**fields)).is_auto_reply is automatic


def test_lists() -> None:
    """A list's identifier is read, its mail is no automatic answer."""
    read = parse_mail(mail(List_Id="Friends <friends.x.example>", Precedence="list"))
    assert (read.is_list, read.list_id, read.is_auto_reply) == (True, "friends.x.example", False)


def test_white_line_inside_a_folded_field() -> None:
    """A line of white space in the middle of a field ends no header (RFC 5322, section 4.2)."""
    read = parse_mail(b"From: a@b.example\r\nSubject: Re: TEST\r\n \r\n\tmore\r\nMessage-ID: <x@y>\r\n\r\nHello\r\n")
    assert (read.subject, read.message_id, read.text) == ("Re: TEST more", "x@y", "Hello")


def test_white_line_before_an_indented_body() -> None:
    """The same line ends a header when words follow."""
    read = parse_mail(b"From: a@b.example\nSubject: Hi\n \n   Dear all,\nplease note: closed\n")
    assert "Dear all" in read.text


def test_missing_semicolon_before_a_parameter() -> None:
    """The parts are found although the type of the whole is written wrongly."""
    read = parse_mail(
        b'Subject: Hi\nContent-Type: multipart/mixed\n\tboundary="cut"\n\n--cut\nContent-Type: image/png\n'
        b"Content-Transfer-Encoding: base64\nContent-Disposition: attachment filename=a.png\n\naGVsbG8=\n--cut--\n"
    )
    assert [(item.name, item.content) for item in read.attachments] == [("a.png", b"hello")]


def test_words_labelled_base64_stay_words() -> None:
    """What is plainly no base64 is not decoded to rubbish."""
    read = parse_mail(
        b"Subject: Hi\nContent-Transfer-Encoding: base64\nContent-Type: audio/basic\n\n... sound goes here ...\n"
    )
    assert read.attachments[0].content.strip() == b"... sound goes here ..."
