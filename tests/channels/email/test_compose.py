"""Composing: what any mail program reads back is what was meant, and nothing typed by a person becomes a header."""

import email
import email.policy
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email import fields
from channels.email.compose import OutgoingFile, OutgoingMail, SendingAccount, Unsubscribe, compose
from channels.email.parse import parse_mail
from channels.email.parsed import Address
from core.errors import Permanent

ACCOUNT = SendingAccount("help@desk.test", "Asha Devices", {})
ALLOWED = {
    "date", "from", "to", "cc", "reply-to", "subject", "message-id", "x-sampark-id", "in-reply-to", "references",
    "auto-submitted", "x-auto-response-suppress", "mime-version", "content-type", "content-transfer-encoding",
}  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def outgoing(**changes) -> OutgoingMail:
    """A mail with everything usual."""
    given_values = {
        "message_id_header": "<m7.tok@desk.test>",
        "account": ACCOUNT,
        "to": [Address(name="Ravi", address="ravi@example.com")],
        "subject": "Your order",
        "text": "Hello\nRavi",
        "html": "<p>Hello<br>Ravi</p>",
        "date": datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    }
    return OutgoingMail(**{**given_values, **changes})


def read(raw: bytes) -> email.message.EmailMessage:
    """The mail as the standard library reads it."""
    return email.message_from_bytes(raw, policy=email.policy.default)


def header_lines(raw: bytes) -> list[bytes]:
    """The header block's physical lines."""
    return raw.partition(b"\r\n\r\n")[0].split(b"\r\n")


def test_an_answer_carries_the_threading_headers_and_both_bodies():
    """Message-ID, In-Reply-To, References, Reply-To, Date and two bodies read back as given."""
    raw = compose(
        outgoing(in_reply_to="<q2@example.com>", references=["<q1@example.com>"], reply_to="help+t7.sig@desk.test")
    )
    message = read(raw)
    assert message["Message-ID"] == "<m7.tok@desk.test>"
    assert message["In-Reply-To"] == "<q2@example.com>"
    assert message["References"].split() == ["<q1@example.com>", "<q2@example.com>"]
    assert message["Reply-To"] == "Asha Devices <help+t7.sig@desk.test>"
    assert message["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"
    assert message["Auto-Submitted"] is None
    assert message.get_content_type() == "multipart/alternative"
    assert message.get_body(("plain",)).get_content() == "Hello\r\nRavi\r\n"
    assert "<p>Hello<br>Ravi</p>" in message.get_body(("html",)).get_content()


def test_ids_without_brackets_get_them_and_nonsense_is_left_out():
    """Message ids are stored without brackets; text that is no id cannot stand in References."""
    message = read(compose(outgoing(in_reply_to="q2@example.com", references=["q1@example.com", "not an id", ""])))
    assert message["References"].split() == ["<q1@example.com>", "<q2@example.com>"]
    assert message["In-Reply-To"] == "<q2@example.com>"


def test_long_threads_keep_the_first_and_the_newest_ids():
    """References stops growing (field 16) and still threads in every client."""
    ids = [f"<{number}.{'x' * 60}@example.com>" for number in range(300)]
    raw = compose(outgoing(references=ids, in_reply_to=ids[-1]))
    kept = read(raw)["References"].split()
    assert kept[0] == ids[0]
    assert kept[-20:] == ids[-20:]
    assert len(kept) == 21
    assert max(map(len, header_lines(raw))) <= 998


def test_a_long_id_is_folded_not_encoded():
    """The standard library's writer turns long ids into encoded words, which breaks threading; ours does not."""
    long = f"<{'a' * 180}@example.com>"
    raw = compose(outgoing(in_reply_to=long))
    assert f"In-Reply-To: {long}\r\n".encode() in raw


@pytest.mark.parametrize(
    "subject",
    ["प्रिंटर में समस्या " * 12, "Re: ಸಹಾಯ needed", "plain", "=?utf-8?q?trick?=", "a" * 300, "emoji 👩‍👩‍👧 " * 20, ""],
)
def test_subjects_of_any_script_and_length_read_back(subject):
    """Encoded words never cut a character and lines stay short."""
    raw = compose(outgoing(subject=subject))
    assert parse_mail(raw).subject == " ".join(subject.split())
    assert all(len(line) <= 78 for line in header_lines(raw))


@pytest.mark.parametrize("name", ["Ravi", "रवि कुमार", 'O"Neil, Pat', "a\\b", "Dr. Who (UK)", "x" * 200])
def test_names_of_any_kind_read_back(name):
    """Quoted, encoded or plain: name and address come out as they went in."""
    message = parse_mail(compose(outgoing(to=[Address(name=name, address="ravi@example.com")])))
    assert [(item.name, item.address) for item in message.to] == [(name, "ravi@example.com")]


def test_several_recipients_and_copies_and_no_blind_copies():
    """Bcc is in no header."""
    people = [Address(name=f"Person {number}", address=f"p{number}@example.com") for number in range(30)]
    raw = compose(outgoing(to=people, cc=people[:2], bcc=[Address(name="Secret", address="secret@example.com")]))
    message = parse_mail(raw)
    assert [item.address for item in message.to] == [item.address for item in people]
    assert len(message.cc) == 2
    assert b"secret" not in raw.lower()


def test_international_domains_are_sent_in_ascii():
    """A domain in letters of its own is IDNA on the wire."""
    assert b"<ravi@xn--" in compose(outgoing(to=[Address(name="R", address="ravi@मेल.भारत")]))


@pytest.mark.parametrize(
    "address", ["", "ravi", "a b@example.com", "a@b\r\nBcc: x@y", "<a@b.c>", "a@b@c", "a,b@c.d", "\ud800@x.y"]
)
def test_what_is_no_address_is_refused_with_a_sentence(address):
    """A wrong address is a permanent failure that names it."""
    with pytest.raises(Permanent, match="not an address"):
        compose(outgoing(to=[Address(name="", address=address)]))


@given(
    texts=st.tuples(*[st.text(max_size=120)] * 4),
    break_out=st.sampled_from(
        ["\r\nBcc: evil@example.com", "\nX-Evil: 1", "\r\n\r\n<script>", "\x00", "\u2028Bcc: a@b", "\x85X: y"]
    ),
)
def test_nothing_typed_becomes_a_header(texts, break_out):
    """Whatever stands in names, subject, ids and file names: the headers are ours, and only ours (field 16)."""
    subject, name, identifier, file_name = (text + break_out + text for text in texts)
    raw = compose(
        outgoing(
            subject=subject,
            to=[Address(name=name, address="ravi@example.com")],
            account=SendingAccount("help@desk.test", name, {}),
            in_reply_to=identifier,
            references=[identifier, "<ok@example.com>"],
            attachments=[OutgoingFile(file_name, "text/" + file_name, b"x", file_name)],
        )
    )
    lines = header_lines(raw)
    names = {re.match(rb"[^:]*", line)[0].decode().lower() for line in lines if line[:1] not in (b" ", b"\t")}
    assert names <= ALLOWED
    assert all(b"\r" not in line and b"\n" not in line for line in lines)
    assert all(len(line) <= 998 and line.strip() for line in lines)
    part = next(iter(read(raw).iter_attachments()))
    assert {key.lower() for key in part} <= {
        "content-type", "content-transfer-encoding", "content-disposition", "content-id",
    }  # fmt: skip
    assert part.get_payload(decode=True) == b"x"


@given(st.text(max_size=3000))
def test_any_text_reads_back(text):
    """Bodies in every script survive their encoding."""
    expected = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", text)
    expected = re.sub(r"\r\n|\r|\n", "\n", expected)
    part = read(compose(outgoing(text=text, html="")))
    body = part.get_payload(decode=True).decode().replace("\r\n", "\n")
    assert body.removesuffix("\n") == expected.removesuffix("\n")


def test_no_body_line_is_too_long():
    """RFC 5322's limit holds for one-line bodies of every kind."""
    for text in ("x" * 5000, "ನಮಸ್ಕಾರ " * 900, "é" + "x" * 5000):
        raw = compose(outgoing(text=text, html=f"<p>{text}</p>"))
        assert max(map(len, raw.split(b"\r\n"))) <= 998
        assert raw.isascii()


def test_inline_images_stand_beside_the_html_and_files_behind():
    """Images by cid in multipart/related, other files in multipart/mixed (field 22)."""
    raw = compose(
        outgoing(
            html='<p>See <img src="cid:pic1@desk"></p>',
            attachments=[
                OutgoingFile("photo.png", "image/png", PNG, "pic1@desk"),
                OutgoingFile("चालान.pdf", "application/pdf", b"%PDF-1", None),
                OutgoingFile("unused.png", "image/png", PNG, "other@desk"),
            ],
        )
    )
    message = read(raw)
    assert message.get_content_type() == "multipart/mixed"
    body, pdf, unused = message.iter_parts()
    assert [part.get_content_type() for part in body.iter_parts()] == ["text/plain", "multipart/related"]
    html, image = list(body.iter_parts())[1].iter_parts()
    assert image["Content-ID"] == "<pic1@desk>"
    assert image.get_content_disposition() == "inline"
    assert image.get_payload(decode=True) == PNG
    assert 'src="cid:pic1@desk"' in html.get_content()
    assert pdf.get_filename() == "चालान.pdf"
    assert (unused.get_filename(), unused.get_content_disposition()) == ("unused.png", "attachment")


def test_very_long_file_names_are_split_by_rfc_2231():
    """A name of 190 Devanagari letters reads back whole."""
    name = "क" * 186 + ".pdf"
    message = read(compose(outgoing(attachments=[OutgoingFile(name, "application/pdf", b"%PDF", None)])))
    assert [part.get_filename() for part in message.iter_attachments()] == [name]


def test_a_mail_as_file_is_never_base64_as_message():
    """RFC 2046 forbids base64 for message/rfc822, so it travels as a plain file."""
    message = read(
        compose(outgoing(attachments=[OutgoingFile("old.eml", "message/rfc822", b"From: a@b\r\n\r\nx", None)]))
    )
    (part,) = message.iter_attachments()
    assert part.get_content_type() == "application/octet-stream"
    assert part.get_payload(decode=True) == b"From: a@b\r\n\r\nx"


@pytest.mark.parametrize("kind", ["auto-replied", "auto-generated"])
def test_automatic_mails_say_so(kind):
    """RFC 3834, so that other robots do not answer (field 16)."""
    message = read(compose(outgoing(auto_submitted=kind)))
    assert message["Auto-Submitted"] == kind
    assert message["X-Auto-Response-Suppress"] == "All"
    assert parse_mail(compose(outgoing(auto_submitted=kind))).auto_submitted == kind


@pytest.mark.parametrize(
    ("how", "link", "post"),
    [
        (Unsubscribe("https://desk.test/u/1", one_click=True), "<https://desk.test/u/1>", "List-Unsubscribe=One-Click"),
        (Unsubscribe("http://desk.test/u/1", one_click=True), "<http://desk.test/u/1>", None),
        (Unsubscribe("https://desk.test/preferences"), "<https://desk.test/preferences>", None),
        (Unsubscribe("https://x\r\nBcc: evil@example.com"), None, None),
        (None, None, None),
    ],
)
def test_mails_that_can_be_ended_say_how(how, link, post):
    """RFC 2369, and RFC 8058 only where a POST over https really ends them (field 16)."""
    message = read(compose(outgoing(unsubscribe=how)))
    assert message["List-Unsubscribe"] == link
    assert message["List-Unsubscribe-Post"] == post


def test_the_same_mail_gives_the_same_bytes():
    """A repeated hand-over is the same mail, boundaries included."""
    mail = outgoing(attachments=[OutgoingFile("a.txt", "text/plain", b"x", None)])
    assert compose(mail) == compose(mail)


def test_html_alone_gets_a_plain_body():
    """Clients without HTML still see the words."""
    message = read(compose(outgoing(text="", html="<p>Only <b>this</b></p>")))
    assert "Only" in message.get_body(("plain",)).get_content()


people = st.builds(
    Address,
    name=st.text(max_size=60),
    address=st.from_regex(
        r"[a-z0-9]([a-z0-9!#$%&'*+/=?^_{|}~-]{0,18}[a-z0-9])?@[a-z0-9]{1,20}\.example", fullmatch=True
    ),
)
written = st.text(max_size=400) | st.sampled_from(
    ["-- \nsignature", "From me\n.\n..", "> quoted", "é" * 200, "=_=_", "\u2028"]
)
file_names = st.text(max_size=80)
sent_files = st.lists(
    st.builds(
        OutgoingFile,
        name=file_names,
        content_type=st.sampled_from(["image/png", "application/pdf", "text/plain", "text/html", "text/csv", "odd"]),
        content=st.binary(max_size=300) | st.just(b"From x\n.\r\n--=_\x00\xff"),
    ),
    max_size=4,
)


def normal(text: str) -> str:
    """Text as a mail can carry it: no control characters, one kind of line end, none at the end."""
    kept = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", "", text)
    return re.sub(r"\r\n|\r", "\n", kept).strip()


def shown(text: str) -> str:
    """A name as a header can carry it: on one line."""
    return fields.one_line(text)


@given(
    to=st.lists(people, min_size=1, max_size=4, unique_by=lambda each: each.address),
    cc=st.lists(people, max_size=3, unique_by=lambda each: each.address),
    text=written,
    subject=st.text(max_size=200),
    files=sent_files,
)
@settings(max_examples=60, deadline=None)
def test_what_is_composed_is_what_is_read(to, cc, text, subject, files):
    """Compose → parse: text, names, addresses, subject and files come out as they went in."""
    raw = compose(outgoing(to=to, cc=cc, text=text, html="", subject=subject, attachments=files))
    mail = parse_mail(raw)
    assert [(each.name, each.address) for each in mail.to] == [(read_name(each.name), each.address) for each in to]
    assert [(each.name, each.address) for each in mail.cc] == [(read_name(each.name), each.address) for each in cc]
    assert mail.subject.split() == shown(subject).split()
    assert normal(mail.text) == normal(text)
    assert [(each.content, each.content_type) for each in mail.attachments] == [
        (file.content, fields.media_type(file.content_type)) for file in files
    ]
    for file, found in zip(files, mail.attachments, strict=True):
        wanted = shown(file.name).replace("/", "_").replace("\\", "_")[:200]
        assert found.name.split() == (wanted or "file").split()


def read_name(name: str) -> str:
    """A name as every reader tidies it: white space once, no quotes around it."""
    return re.sub(r"\s+", " ", shown(name)).strip().strip("'").strip()
