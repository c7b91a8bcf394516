"""Five hundred mails as a desk gets them: plain, rich with files, answers, and in Indian scripts. Always the same."""

import random
from email.message import EmailMessage
from typing import Final

PEOPLE: Final = 150
_ENGLISH: Final = (
    "The machine stops after ten minutes and shows the red light. I have cleaned the filter twice as the manual says. "
    "Please tell me when somebody can come, mornings are best for us. The invoice number is on the attached page."
)
_INDIC: Final = (
    ("पानी का फ़िल्टर काम नहीं कर रहा", "नमस्ते, मशीन दस मिनट में बंद हो जाती है और लाल बत्ती जलती है। कृपया किसी को भेजें। "),
    ("ফিল্টার কাজ করছে না", "নমস্কার, যন্ত্রটি দশ মিনিট পরে বন্ধ হয়ে যায়। অনুগ্রহ করে কাউকে পাঠান। "),
    ("ಯಂತ್ರ ನಿಲ್ಲುತ್ತಿದೆ", "ನಮಸ್ಕಾರ, ಯಂತ್ರವು ಹತ್ತು ನಿಮಿಷಗಳಲ್ಲಿ ನಿಲ್ಲುತ್ತದೆ. ದಯವಿಟ್ಟು ಯಾರನ್ನಾದರೂ ಕಳುಹಿಸಿ. "),
)


def _mail(number: int, sender: int, to: str, subject: str, batch: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = f"Customer {sender} <customer{sender}@firm{sender % 40}.example>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = f"<{batch}.{number}@firm.example>"
    mail["Date"] = "Mon, 02 Mar 2026 10:00:00 +0530"
    return mail


def _plain(mail: EmailMessage, number: int) -> None:
    mail.set_content(f"Hello,\n\n{_ENGLISH}\n\nThis is request {number}.\n\n-- \nCustomer\nPune\n")


def _rich(mail: EmailMessage, number: int, draw: random.Random) -> None:
    _plain(mail, number)
    rows = "".join(f"<tr><td style='padding:4px'>Part {n}</td><td>{n * 99} ₹</td></tr>" for n in range(12))
    mail.add_alternative(
        f"<html><body><p>Hello,</p><p>{_ENGLISH}</p><table>{rows}</table><p><img src='cid:photo{number}'></p>"
        f"<p>Request <b>{number}</b></p></body></html>",
        subtype="html",
    )
    html = list(mail.iter_parts())[1]
    assert isinstance(html, EmailMessage)  # noqa: S101 - it was put there two lines above
    html.add_related(draw.randbytes(6000), "image", "png", cid=f"<photo{number}>", filename="photo.png")
    pdf = b"%PDF-1.4\n" + draw.randbytes(15_000)
    mail.add_attachment(pdf, maintype="application", subtype="pdf", filename=f"invoice-{number}.pdf")


def _answer(mail: EmailMessage, number: int, answered: int, batch: str) -> None:
    mail["In-Reply-To"] = f"<{batch}.{answered}@firm.example>"
    mail["References"] = f"<{batch}.{answered}@firm.example>"
    quoted = "".join(f"> {line}\n" for line in _ENGLISH.split(". "))
    mail.set_content(f"Any news about this? ({number})\n\nOn Mon, 2 Mar 2026 at 10:00, Support wrote:\n{quoted}")


def mixed(count: int, addresses: list[str], batch: str) -> list[bytes]:
    """The mails: of ten, four plain, three rich (about 30 kB), two answers to earlier ones, one in an Indian script.

    Args:
        count: how many.
        addresses: our mailboxes; they are written to in turn.
        batch: makes Message-IDs of one batch differ from those of another.
    """
    draw = random.Random(batch)  # noqa: S311 - the same mails in every run
    made: list[bytes] = []
    for number in range(count):
        kind = number % 10
        answered = (number - 97) // 10 * 10  # a plain one, a hundred mails ago
        sender = (answered if kind in (4, 8) else number) % PEOPLE
        to = addresses[number % len(addresses)]
        if kind in (4, 8) and answered >= 0:
            mail = _mail(number, sender, to, f"Re: Request {answered}", batch)
            _answer(mail, number, answered, batch)
        elif kind in (1, 5, 9):
            mail = _mail(number, sender, to, f"Invoice {number}", batch)
            _rich(mail, number, draw)
        elif kind == 7:
            subject, body = _INDIC[number % len(_INDIC)]
            mail = _mail(number, sender, to, subject, batch)
            mail.set_content(f"{body * 4}\n{number}\n")
        else:
            mail = _mail(number, sender, to, f"Request {number}", batch)
            _plain(mail, number)
        made.append(mail.as_bytes())
    return made
