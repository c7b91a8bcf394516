"""Replies told apart from quotes and signatures, in the ways and languages of many mail programs."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.html import read_clean, sanitise
from core.quoting import split_reply

INTRODUCTIONS = [
    "On Mon, 3 Mar 2025 at 10:15, Anna Bell <anna@shop.example> wrote:",
    "On 3 Mar 2025, at 10:15, Anna Bell wrote:",
    "On Monday, March 3, 2025, Anna Bell <\nanna@shop.example> wrote:",
    "At 3/3/2025 10:15 AM, you wrote:",
    "Am 03.03.2025 um 10:15 schrieb Anna Bell:",
    "Anna Bell <anna@shop.example> schrieb am Mo., 3. März 2025, 10:15:",
    "Le lun. 3 mars 2025 à 10:15, Anna Bell <anna@shop.example> a écrit :",
    "El lun, 3 mar 2025 a las 10:15, Anna Bell (<anna@shop.example>) escribió:",
    "Il giorno lun 3 mar 2025 alle ore 10:15 Anna Bell <anna@shop.example> ha scritto:",
    "Em seg., 3 de mar. de 2025 às 10:15, Anna Bell <anna@shop.example> escreveu:",
    "Op ma 3 mrt 2025 om 10:15 schreef Anna Bell <anna@shop.example>:",
    "Op 3 mrt. 2025 om 10:15 heeft Anna Bell <anna@shop.example> het volgende geschreven:",
    "Den mån 3 mars 2025 kl 10:15 skrev Anna Bell <anna@shop.example>:",
    "Den man. 3. mar. 2025 kl. 10.15 skrev Anna Bell <anna@shop.example>:",
    "ma 3. maalisk. 2025 klo 10.15 Anna Bell (anna@shop.example) kirjoitti:",
    "pon., 3 mar 2025 o 10:15 Anna Bell <anna@shop.example> napisał(a):",
    "Dne po 3. 3. 2025 10:15 uživatel Anna Bell <anna@shop.example> napsal:",
    "пн, 3 мар. 2025 г. в 10:15, Anna Bell <anna@shop.example>:",
    "3 марта 2025 г., в 10:15, Anna Bell <anna@shop.example> написал(а):",
    "пн, 3 бер. 2025 р. о 10:15 Anna Bell <anna@shop.example> пише:",
    "2025年3月3日(月) 10:15 Anna Bell <anna@shop.example>:",
    "Anna Bell <anna@shop.example> 于2025年3月3日周一 10:15写道：",
    "在 2025年3月3日，上午10:15，Anna Bell <anna@shop.example> 写道：",
    "2025년 3월 3일 (월) 오전 10:15, Anna Bell <anna@shop.example>님이 작성:",
    "3 Mar 2025 Pzt, saat 10:15 tarihinde Anna Bell <anna@shop.example> şunu yazdı:",
    "सोम, 3 मार्च 2025 को 10:15 बजे को Anna Bell <anna@shop.example> ने लिखा:",
    "În lun., 3 mar. 2025 la 10:15, Anna Bell <anna@shop.example> a scris:",
    "Anna Bell <anna@shop.example> ezt írta (időpont: 2025. márc. 3., H, 10:15):",
    "2025-03-03 10:15 GMT+01:00 Anna Bell <anna@shop.example>:",
    "---- On Mon, 03 Mar 2025 10:15:00 +0530 Anna Bell <anna@shop.example> wrote ----",
    "On Monday, March 3rd, 2025 at 10:15 AM, Anna Bell <anna@shop.example> wrote:",
    "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Monday, March 3, 2025 10:15 AM, Anna Bell <anna@shop.example> wrote:",
    "------- Original Message -------\nOn Monday, March 3rd, 2025 at 10:15 AM, Anna Bell <anna@shop.example> wrote:",
    "On Monday, March 3, 2025 at 10:15:00 AM GMT+1, Anna Bell <anna@shop.example> wrote:",
    "Anna Bell/Shop/US wrote on 03/03/2025 10:15:00 AM:",
    '"Anna Bell" <anna@shop.example> wrote on 03/03/2025 10:15:00 AM:',
    "Anna Bell <anna@shop.example> schrieb am 03.03.2025 10:15:00:",
    "From: Anna Bell/Shop\nTo: jo@home.example\nDate: 03/03/2025 10:15 AM\nSubject: Order",
    "Von:        Anna Bell <anna@shop.example>\nAn:        jo@home.example\nDatum:        03.03.2025 10:15\nBetreff:        Order",
    "---- On Mon, 03 Mar 2025 10:15:00 +0100 Anna Bell<anna@shop.example> wrote ---",
    "---- Le lun., 03 mars 2025 10:15:00 +0100 Anna Bell <anna@shop.example> a écrit ----",
    "---- Mon, 03 Mar 2025 10:15:00 +0100 anna@shop.example schrieb ----",
    "---- El lun, 03 mar 2025 10:15:00 +0100 Anna Bell <anna@shop.example> escribió ----",
    "Get Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: Anna Bell <anna@shop.example>\nSent: Monday, March 3, 2025 10:15:00 AM\nTo: jo@home.example\nSubject: Order",
    "Outlook für iOS beziehen<https://aka.ms/o0ukef>\n________________________________\nVon: Anna Bell <anna@shop.example>\nGesendet: Montag, März 3, 2025 10:15 AM\nAn: jo@home.example\nBetreff: Order",
    "Télécharger Outlook pour iOS\n________________________________\nDe : Anna Bell <anna@shop.example>\nEnvoyé : lundi 3 mars 2025 10:15\nÀ : jo@home.example\nObjet : Order",
    "Le 3 mars 2025 à 10:15, Anna Bell <anna@shop.example> a écrit :",
    "Le lundi 3 mars 2025 à 10:15:00 UTC+1, Anna Bell <anna@shop.example> a écrit :",
    "Am Montag, 3. März 2025 um 10:15:00 MEZ hat Anna Bell <anna@shop.example> Folgendes geschrieben:",
    "Am 3. März 2025 10:15:00 MEZ schrieb Anna Bell <anna@shop.example>:",
    "Am Mo., 3. März 2025 um 10:15 Uhr schrieb Anna Bell <anna@shop.example>:",
    "El lunes, 3 de marzo de 2025, 10:15:00 CET, Anna Bell <anna@shop.example> escribió:",
    "Em segunda-feira, 3 de março de 2025 às 10:15:00 BRT, Anna Bell <anna@shop.example> escreveu:",
    "A segunda, 3 de mar de 2025, 10:15, Anna Bell <anna@shop.example> escreveu:",
    "Il lunedì 3 marzo 2025 alle ore 10:15:00 CET, Anna Bell <anna@shop.example> ha scritto:",
    "Il giorno 3 mar 2025, alle ore 10:15, Anna Bell <anna@shop.example> ha scritto:",
    "Op maandag 3 maart 2025 om 10:15:00 CET schreef Anna Bell <anna@shop.example>:",
    "Op 3 maart 2025 10:15 schreef Anna Bell <anna@shop.example>:",
    "3 mars 2025 kl. 10:15 skrev Anna Bell <anna@shop.example>:",
    "mån 3 mars 2025 kl. 10:15 skrev Anna Bell <anna@shop.example>:",
    "Den måndag 3 mars 2025 10:15:00 CET skrev Anna Bell <anna@shop.example>:",
    "Den 3. mar. 2025 kl. 10.15 skrev Anna Bell <anna@shop.example>:",
    "man. 3. mar. 2025 kl. 10:15 skrev Anna Bell <anna@shop.example>:",
    "Anna Bell <anna@shop.example> kirjoitti 3.3.2025 kello 10.15:",
    "W dniu 03.03.2025 o 10:15, Anna Bell pisze:",
    "W dniu pon., 3.03.2025 o 10:15 Anna Bell <anna@shop.example> napisał(a):",
    "Wiadomość napisana przez Anna Bell <anna@shop.example> w dniu 03.03.2025, o godz. 10:15:",
    "Dne 03.03.2025 v 10:15 Anna Bell napsal(a):",
    "po 3. 3. 2025 v 10:15 odesílatel Anna Bell <anna@shop.example> napsal:",
    "3. 3. 2025 v 10:15, Anna Bell <anna@shop.example>:",
    "03.03.2025 10:15, Anna Bell пишет:",
    "Понедельник, 3 марта 2025, 10:15 +03:00 от Anna Bell <anna@shop.example>:",
    '03.03.2025, 10:15, "Anna Bell" <anna@shop.example>:',
    "пн, 3 мар. 2025 г., 10:15 Anna Bell <anna@shop.example>:",
    "Anna Bell <anna@shop.example>, 3 Mar 2025 Pzt, 10:15 tarihinde şunu yazdı:",
    "3.03.2025 10:15 tarihinde Anna Bell yazdı:",
    "2025/03/03 10:15、Anna Bell <anna@shop.example>のメール:",
    "2025年3月3日(月) 10:15、Anna Bell さんは書きました:",
    "On 2025/03/03 10:15, Anna Bell wrote:",
    "在 2025/3/3 10:15, Anna Bell 写道:",
    "Anna Bell <anna@shop.example> 於 2025年3月3日 週一 上午10:15寫道：",
    "2025. 3. 3. 오전 10:15, Anna Bell <anna@shop.example> 작성:",
    "2025. 03. 03. 10:15 keltezéssel, Anna Bell írta:",
    "Pe lun., 3 mar. 2025 la 10:15, Anna Bell <anna@shop.example> a scris:",
    "Στις Δευ, 3 Μαρ 2025 στις 10:15 π.μ., ο/η Anna Bell <anna@shop.example> έγραψε:",
    "בתאריך יום ב׳, 3 במרץ 2025 ב-10:15 מאת Anna Bell <anna@shop.example>:",
    "في الاثنين، 3 مارس 2025 في 10:15 ص تمت كتابة ما يلي بواسطة Anna Bell <anna@shop.example>:",
    "Vào Th 2, 3 thg 3, 2025 vào lúc 10:15 Anna Bell <anna@shop.example> đã viết:",
]

HEADERS = [
    ("From", "Sent", "To", "Subject"),
    ("Von", "Gesendet", "An", "Betreff"),
    ("De", "Envoyé", "À", "Objet"),
    ("De", "Enviado el", "Para", "Asunto"),
    ("Da", "Inviato", "A", "Oggetto"),
    ("De", "Enviado", "Para", "Assunto"),
    ("Van", "Verzonden", "Aan", "Onderwerp"),
    ("Från", "Skickat", "Till", "Ämne"),
    ("Fra", "Sendt", "Til", "Emne"),
    ("Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe"),
    ("Od", "Wysłano", "Do", "Temat"),
    ("Od", "Odesláno", "Komu", "Předmět"),
    ("От", "Отправлено", "Кому", "Тема"),
    ("Від", "Надіслано", "Кому", "Тема"),
    ("Kimden", "Tarih", "Kime", "Konu"),
    ("发件人", "发送时间", "收件人", "主题"),
    ("寄件者", "寄件日期", "收件者", "主旨"),
    ("差出人", "日付", "宛先", "件名"),
    ("보낸 사람", "날짜", "받는 사람", "제목"),
    ("प्रेषक", "दिनांक", "प्रति", "विषय"),
]

SIGNATURES = [
    "Sent from my iPhone",
    "Sent from Outlook for Android",
    "Get Outlook for iOS<https://aka.ms/x>",
    "Von meinem iPhone gesendet",
    "Gesendet von meinem Samsung Galaxy",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Enviado do meu iPhone",
    "Inviato da iPhone",
    "Verzonden met mijn iPhone",
    "Skickat från min iPhone",
    "Sendt fra min iPhone",
    "Lähetetty iPhonesta",
    "Wysłane z iPhone'a",
    "Odesláno z iPhonu",
    "Отправлено с iPhone",
    "Надіслано з iPhone",
    "iPhone'umdan gönderildi",
    "发自我的 iPhone",
    "從我的 iPhone 傳送",
    "iPhoneから送信",
    "나의 iPhone에서 보냄",
]


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_top_posting_above_a_marked_quote(introduction: str) -> None:
    """The introduction and the lines with > are quote in each language."""
    found = split_reply(f"Yes, please.\n\n{introduction}\n\n> Shall we send it?\n> Anna\n")
    assert found.reply_text == "Yes, please."
    assert introduction.splitlines()[0] in found.quoted_text
    assert "Shall we send it?" in found.quoted_text


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_top_posting_above_an_unmarked_quote(introduction: str) -> None:
    """Programs that do not mark quoted lines are understood by the introduction alone."""
    found = split_reply(f"Yes, please.\n\n{introduction}\n\nShall we send it?\nAnna\n")
    assert found.reply_text == "Yes, please."


@pytest.mark.parametrize("names", HEADERS)
def test_header_block_of_outlook(names: tuple[str, str, str, str]) -> None:
    """From, Sent, To and Subject in a row begin a quote that goes to the end."""
    values = ("Anna Bell <anna@shop.example>", "Monday, 3 March 2025 10:15", "Me <me@home.example>", "Order 77")
    block = "\n".join(f"{name}: {value}" for name, value in zip(names, values, strict=True))
    found = split_reply(f"Yes, please.\n\n________________________________\n{block}\n\nShall we send it?")
    assert found.reply_text == "Yes, please."
    bold = "\n".join(f"*{name}:* {value}" for name, value in zip(names, values, strict=True))
    assert split_reply(f"Yes, please.\n\n{bold}\n\nShall we send it?").reply_text == "Yes, please."


@pytest.mark.parametrize(
    "divider",
    [
        "-----Original Message-----",
        "-----Ursprüngliche Nachricht-----",
        "-----Message d'origine-----",
        "-----Mensaje original-----",
        "-----Messaggio originale-----",
        "-----Oorspronkelijk bericht-----",
        "-------- Исходное сообщение --------",
        "------------------ 原始邮件 ------------------",
        "---------- Forwarded message ---------",
        "---------- Weitergeleitete Nachricht ----------",
        "Begin forwarded message:",
        "##- Please type your reply above this line -##",
    ],
)
def test_divider(divider: str) -> None:
    """A ruled line that names the original begins a quote."""
    found = split_reply(f"Please see below.\n\n{divider}\nAnna\nShall we send it?")
    assert found.reply_text == "Please see below."


@pytest.mark.parametrize("signature", SIGNATURES)
def test_signature_of_a_telephone(signature: str) -> None:
    """The line that a telephone adds is not part of the answer."""
    found = split_reply(f"Yes, please.\n\n{signature}\n")
    assert found.reply_text == "Yes, please."
    assert found.quoted_text == signature


def test_signature_below_two_dashes() -> None:
    """Two dashes begin a short signature, quotes after it are quotes."""
    found = split_reply("Yes.\n\n-- \nJo\nShop Ltd\n\nOn Mon, 3 Mar 2025 at 10:15, A <a@b.example> wrote:\n> Well?")
    assert found.reply_text == "Yes."
    assert "Shop Ltd" in found.quoted_text


def test_dashes_inside_a_long_text_are_no_signature() -> None:
    """When much follows the dashes it is the author's text."""
    body = "Part one\n--\n" + "\n".join(f"line {number}" for number in range(30))
    assert split_reply(body).reply_text == body


def test_bottom_posting() -> None:
    """An answer below an introduced quote is the reply."""
    found = split_reply("On Mon, 3 Mar 2025 at 10:15, A <a@b.example> wrote:\n\n> Shall we?\n\nYes, do it.")
    assert found.reply_text == "Yes, do it."


def test_answers_between_quotes_stay_with_them() -> None:
    """Inline answers make no sense without what they answer."""
    text = (
        "Hello Anna, answers below.\n\nOn Mon, 3 Mar 2025 at 10:15, A <a@b.example> wrote:\n> One?\nYes.\n> Two?\nNo."
    )
    found = split_reply(text)
    for piece in ("> One?", "Yes.", "> Two?", "No."):
        assert piece in found.reply_text


def test_lines_that_were_broken_on_the_way_are_quoted_too() -> None:
    """The rest of a long quoted line has no mark of its own."""
    long = "> We would like to know whether the parcel that you sent to us on"
    found = split_reply(
        f"Yes.\n\nOn Mon, 3 Mar 2025 at 10:15, A <a@b.example> wrote:\n{long}\nmonday has arrived\n> Thanks"
    )
    assert found.reply_text == "Yes."


def test_introduction_without_its_colon() -> None:
    """Some programs leave the colon out."""
    assert split_reply("Yes.\n\nOn Wed, 14 Nov 2018 08:14:43 -0200 A <a@b.example> wrote\n\nWell?").reply_text == "Yes."


def test_an_own_quotation_stays() -> None:
    """Lines with > that nobody introduced, followed by words, are the author's choice."""
    assert split_reply("> To be or not to be\n\nWhat a sentence.").reply_text.startswith("> To be")


def test_only_a_forwarded_message_is_shown_whole() -> None:
    """Without own words everything is shown."""
    text = "---------- Forwarded message ---------\nFrom: A <a@b.example>\nDate: x\nSubject: y\n\nHello"
    assert split_reply(text).reply_text == text


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote a letter to you.\nIt said nothing.",
        "From: here to there\nis a long way.",
        "I am writing to you about my order. I sent it from my old phone number, which was wrong, yesterday.",
        "This email was sent from our automated system, not from my telephone.",
        "Price list:\n\n- a: 1\n- b: 2",
        "My address:\nStreet 1\nTo: be honest, I am not sure.",
        "On 3 March 2025 I ordered the following things from your shop at www.shop.example:\na lamp",
    ],
)
def test_ordinary_words_are_not_cut(text: str) -> None:
    """Sentences that resemble introductions stay."""
    assert split_reply(text).reply_text == text


@pytest.mark.parametrize(
    "markup",
    [
        '<div>Yes.</div><div class="gmail_quote">2025 m. kovo 3 d. Anna<blockquote class="gmail_quote">Old</blockquote></div>',
        '<p>Yes.</p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p>Header</p></div><p>Old</p>',
        '<p>Yes.</p><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">Header</div><div>Old</div>',
        '<p>Yes.</p><div class="moz-cite-prefix">Prefix</div><blockquote type="cite">Old</blockquote>',
        '<div>Yes.</div><div class="yahoo_quoted">Prefix<div>Old</div></div>',
        '<div>Yes.</div><div class="protonmail_quote">Prefix<blockquote class="protonmail_quote" type="cite">Old</blockquote></div>',
        '<div>Yes.</div><div class="zmail_extra">Prefix<blockquote>Old</blockquote></div>',
        "<div>Yes.</div><blockquote type=cite>Old</blockquote>",
    ],
)
def test_structure_of_html(markup: str) -> None:
    """Quotes that a mail program marked in HTML are found in any language."""
    text, quotes, signatures = read_clean(sanitise(markup))
    found = split_reply(text, quote_starts=quotes, signature_starts=signatures)
    assert found.reply_text == "Yes."
    assert "Old" in found.quoted_text


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["", "> quoted", "words", "-- ", "On 3 Mar 2025 at 10:15, A <a@b.example> wrote:", "From: a", "To: b", "Subject: c",
             "Sent from my iPhone", "-----Original Message-----", "____________", ">> deep", "wrote:", "\t", "***"]
        ),
        max_size=40,
    ),
    st.sets(st.integers(0, 40), max_size=3),
)  # fmt: skip
def test_no_line_gets_lost(lines: list[str], starts: set[int]) -> None:
    """Each filled line is in the reply or in the quoted rest, as often as before."""
    found = split_reply("\n".join(lines), quote_starts=starts, signature_starts=starts)
    kept = [line.strip() for line in (found.reply_text + "\n" + found.quoted_text).split("\n") if line.strip()]
    assert sorted(kept) == sorted(line.strip() for line in lines if line.strip())


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400))
def test_no_character_gets_lost(text: str) -> None:
    """Whatever the text, its visible characters are all there."""
    found = split_reply(text)
    assert sorted("".join((found.reply_text + found.quoted_text).split())) == sorted("".join(text.split()))


@pytest.mark.parametrize(
    "line",
    [
        "> ",
        "On 1 Jan 2025 10:00 x wrote:",
        "On 1 Jan 2025 a@b.c a:",
        "From: a",
        "-- ",
        "a" * 200,
        "On " * 60,
        "sent from " * 20,
    ],
)
def test_long_texts_take_linear_time(line: str) -> None:
    """A megabyte of any line is read in seconds."""
    started = time.process_time()
    split_reply(f"{line}\n" * (1_000_000 // len(line)))
    assert time.process_time() - started < 15


@pytest.mark.parametrize("between", ["\n", "\n\n"])
@pytest.mark.parametrize(
    "introduction",
    [
        "Jo Doe wrote on 3/3/2025 10:12 AM:",
        "2025年3月3日(月) 10:12 Jo <jo@x.example>:",
        "\u202bבתאריך יום ב׳, 3 במרץ 2025 ב-10:12 מאת \u202aJo\u202c\u200f <\u202ajo@x.example\u202c\u200f>:",
    ],
)
def test_introduction_does_not_take_the_answer_with_it(introduction: str, between: str) -> None:
    """A short answer above an introduction that begins with a name or a mark of direction stays."""
    assert split_reply(f"My answer.{between}{introduction}\n> old\n").reply_text == "My answer."
