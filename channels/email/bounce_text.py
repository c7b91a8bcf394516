"""Delivery failures reported in prose: qmail, Exim, old sendmail and Exchange, Notes, providers' own forms.

Part of the e-mail channel, below `channels.email.bounces`, which asks it when a mail has no RFC 3464 report,
or one that
says nothing. Every rule is about a way of writing that several programs share, never about one sample.
"""

import re

import msgspec

_ADDRESS = (
    r"[^\s<>()\[\]\"',;:*|=：；，、。（）「」＜＞]{1,64}@"
    r"(?:\[[\d.]{7,15}\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?)"
)
_ANY_ADDRESS = re.compile(_ADDRESS)
_AT_START = re.compile(
    r"^[ \t>*|#-]{0,40}(?:\d{1,3}[.)]\s+)?(?:(?:failed |invalid final |error-)?(?:recipients?|for|"
    r"delivery userid|addressee|address|user|account|mailbox|rcpt|e-?mail|deliver(?:y|ed)?|message|"
    r"mail)?"
    r"(?: failed)?(?: to| for| address)?[:\s]{1,12})?[\"'<(\[]{0,3}(?:mailto:|smtp:|rfc822;)?\s*("
    + _ADDRESS
    + r")[>\"')]{0,3}",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"(?:addressed to|was addressed,|recipients?(?: address)?(?:\(s\))?|rcpt to|delivery to|deliver(?:ed|ing)?(?: "
    r"(?:your|the) (?:message|mail))? to|address(?:es)?|user|account|mailbox|intended for|destined for|"
    r"sent to|your (?:message|e?-?mail) to|mail to|not deliver(?:able)? (?:mail )?to|for)"
    r"(?: is| was| were| the| following| failed| address)?[:\s]{1,4}[\"'<(\[]{0,3}(?:mailto:|smtp:)?("
    + _ADDRESS
    + r")",
    re.IGNORECASE,
)
_GENERATED = re.compile(r"generated from <?(" + _ADDRESS + r")", re.IGNORECASE)
_IN_REPLY = re.compile(r"\b[45]\d\d[ -][^\n]{0,200}?[<(\[]?(" + _ADDRESS + r")", re.IGNORECASE)
_INTRODUCES = re.compile(
    r"(?:recipient|address|user|destination|addressee|delivered to|delivery to|failed to|"
    r"following)[^\n]{0,120}[:.]?\s*$",
    re.IGNORECASE,
)
_SKIP_LINE = re.compile(
    r"^\s*(?:from|sender|reply-to|return-path|subject|date|sent|message-id|received|x-[\w-]+|cc|"
    r"mime-version|content-[\w-]+|in-reply-to|references|by|with|via)\s*:"
    r"|\b(?:contact|please|help|support|questions?|forward this|postmaster for|assistance|"
    r"mailto:postmaster|from)\b[^\n]{0,80}@|^\s*from\s+<?\S+@",
    re.IGNORECASE,
)
_BARE_NAME = re.compile(r"^[ \t]+([A-Za-z0-9][\w.+-]{1,40})[ \t]*$")

_RETURNED = re.compile(
    r"^[ \t>*|=_-]{0,60}(?:"
    r"(?:below this line is|this is|here is|enclosed is|the following is|attached is|following is|"
    r"included is)\s+(?:a |the )?(?:copy|header|first|full|original|body|start|beginning)"
    r"|(?:start|begin(?:ning)?|top|copy|headers?|text|content|body) of (?:the |your |returned |original "
    r"|undelivered |failed )*(?:message|mail|e-?mail|header)"
    r"|(?:the |your )?(?:original|returned|undelivered|unsent|failed|bounced|rejected|transcript of the|"
    r"included is the|first \d+ lines of the|full)[ -](?:\w+ )?(?:message|mail|e-?mail|msg|header)s?"
    r"(?! (?:was|were|has|had|could|cannot|can't|did|to|from|sent|on|exceed|details))(?: "
    r"(?:follows|headers?|text|body|below|starts here|is attached|is included|returned|contents?|is as "
    r"follows))?"
    r"|message header(?:s)? follow|unsent message (?:follows|below)|(?:your )?message (?:text|headers?|"
    r"follows|contents?)\b|returned (?:mail|message) follows|forwarded message|message from "
    r"yahoo[^\n]{0,40}original message follows"
    r"|received: (?:from|by|\()|return-path: ?<"
    r")[^\n]{0,160}$",
    re.IGNORECASE | re.MULTILINE,
)
_HEADER_START = re.compile(
    r"^(?:Received|Return-Path|Message-ID|From|To|Date|Subject|X-[\w-]+|MIME-Version|DKIM-Signature): ",
    re.IGNORECASE,
)

_FAILURE = re.compile(
    r"(?:could|can|was|were|did|has|have|is|are) ?(?:not|n't|n’t) (?:\w+ ){0,3}(?:deliver|reach|"
    r"received|accept|sent|possible)|cannot (?:be )?(?:deliver|send)|unable to (?:\w+ ){0,3}(?:deliver|"
    r"send|process|accept|relay)"
    r"|undeliver|non-?deliver|not deliver|deliver[ey]\w* (?:\w+ ){0,4}(?:fail|error|problem|abort|delay|"
    r"unsuccess)|fail\w* (?:\w+ ){0,3}deliver|delivery errors?|returned (?:mail|message|to sender)|"
    r"return(?:ing)? message|permanent(?:ly)? (?:fatal )?(?:error|fail)|fatal errors|delivery status"
    r"|user unknown|unknown user|mailbox (?:is )?(?:full|unavailable)|no such user|does not exist|"
    r"transcript of session|message (?:was |has been )?(?:rejected|blocked|refused|not sent)|rejected "
    r"(?:your|the) (?:message|mail)|(?:e-?mail|mail|message) (?:\w+ ){0,4}(?:rejected|refused|blocked|"
    r"bounced|returned)|bounced|over quota|quota exceeded|has not been (?:delivered|collected)"
    r"|following (?:recipient|address|error)|errors? (?:has |have )?(?:occurred|delivering|was "
    r"detected)|postponed|invalid (?:user|final delivery)|exceeds allowed size|nicht zugestellt|"
    r"unzustellbar|konnte nicht|n'a pas (?:pu )?(?:été|être)|non distribu|no (?:se )?(?:ha )?(?:pudo|"
    r"podido) (?:ser )?(?:entreg|envia)|não (?:pôde|foi) (?:ser )?entreg|non (?:è stato|recapit)|配信|"
    r"送信でき|届け|退信|无法(?:投递|送达)|не (?:доставлен|"
    r"может быть доставлен|удалось)|recipient rejected|relaying "
    r"denied|duplicated? message-?id|mail loop|loop detected|too many hops|delivery has failed|unrouteable",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"failure notice|returned (?:e?-?mail|to sender|message)|return(?:ed)? receipt fail|undeliver|"
    r"non-?deliver|deliver[ey]\w*[ :-]+(?:\w+ ){0,3}(?:fail|error|problem|status|notif|report|delay|"
    r"abort|warning|incomplete|unsuccess)|(?:mail|message|e-?mail)(?: delivery| system)? (?:fail|error|"
    r"delay|return|status|could not|not delivered|undeliver|refused|rejected|blocked|problem)|fail(?:ed|"
    r"ure)[ :]+(?:\w+ )?(?:mail|deliver|message)|could ?n.t be delivered|cannot be delivered|not "
    r"delivered"
    r"|delayed (?:mail|delivery)|warning: (?:could not|message)|permanent fail|rejected (?:mail|"
    r"message)|mail non|nondeliver|user unknown|bounce|unzustellbar|zustellung|nicht zustellbar|non "
    r"remis|échec|non distribu|no entregado|devuel|não entreg|devolvid|mancato recapito|mancata "
    r"consegna|onbestelbaar|undelivered|エラー|loop alert|"
    r"failed mail|配信|配送|不達|戻り|退信|退件|недостав|не "
    r"доставл|возврат|unable to deliver|delivery\b.*\bfail|problem delivering",
    re.IGNORECASE,
)
_DAEMON = re.compile(
    r"mailer[-_ .]?daemon|mail[-_ .]?daemon|^post[-_.]?master|mail delivery (?:sub)?system|mail\.delivery\.system|"
    r"maildeliver|mdaemon|microsoft exchange|mail system|mailsystem|^mmdf|^mailnull|delivery\s?subsystem",
    re.IGNORECASE,
)
_PERHAPS_A_PERSON = re.compile(r"^post[-_.]?master\b", re.IGNORECASE)
"""The name that every domain must have (RFC 5321, section 4.5.1): of mail systems, and of people in small companies."""
_ABOUT_MAIL = re.compile(
    r"\be?-?mail(?!-?order|\W{0,3}\S{1,64}@)|\bmessages?\b|\brecipients?\b|mailbox|\buser\b|nachricht|empfänger|courriel|destinatari|mensaje"
    r"|mensagem|messaggio|bericht|ontvanger|письм|сообщен|メール|邮件|郵件",
    re.IGNORECASE,
)
_PERSONS_SUBJECT = re.compile(
    r"^\s*(?:re|aw|sv|antw|vs|fwd?|wg|tr|rv|enc|i|vb|doorst|pd|ynt|回复|转发|答复|轉寄)\s*[:：]", re.IGNORECASE
)


class Failure(msgspec.Struct):
    """One recipient in prose, with the words that belong to it."""

    recipient: str
    words: str


def is_daemon(sender: str) -> bool:
    """Whether a From header names a mail system, as nobody else is named; an empty one does too."""
    return not sender.strip(" <>") or any(
        _DAEMON.search(piece.strip(" <>\"'")) for piece in (sender, sender.rpartition("<")[2])
    )


def may_be_a_person(sender: str) -> bool:
    """Whether a sender that names a mail system may be a person all the same: a postmaster, or nobody at all."""
    pieces = (sender.strip(" <>\"'"), sender.rpartition("<")[2].strip(" <>\"'"))
    named = [piece for piece in pieces if piece and _DAEMON.search(piece)]
    return all(_PERHAPS_A_PERSON.match(piece) for piece in named)


def is_about_mail(subject: str, notice: str) -> bool:
    """Whether the words are about a mail, and not about a parcel or a visit."""
    return bool(_ABOUT_MAIL.search(f"{subject}\n{notice[:8_000]}"))


def is_persons_subject(subject: str) -> bool:
    """Whether a subject begins as answers and forwarded mails do, which mail systems hardly ever write."""
    return bool(_PERSONS_SUBJECT.match(subject))


def sounds_like_failure(subject: str, notice: str) -> tuple[bool, bool]:
    """Whether the subject, and whether the text, talk about a mail that was not delivered."""
    return bool(_SUBJECT.search(subject)), bool(_FAILURE.search(notice[:8_000]))


def split_notice(text: str) -> tuple[str, str]:
    """Cut a report in prose into what the mail system says and the mail it returns.

    Args:
        text: Plain text of the report.

    Returns:
        The notice, and the returned mail or "".
    """
    for found in _RETURNED.finditer(text):
        before = text[: found.start()]
        if len(before.strip()) < 20 and not _FAILURE.search(before):
            continue
        after = text[found.start() :] if _HEADER_START.match(found[0].lstrip()) else text[found.end() :]
        following = [line for line in after.lstrip().splitlines()[:6] if line.strip()]
        if any(_HEADER_START.match(line.lstrip(" >|")) for line in following) or _says_returned(found[0]):
            return before, after.lstrip("\n")
    return text, ""


def _says_returned(line: str) -> bool:
    return bool(
        re.search(
            r"below this line|copy of (?:the|your)|returned message|original message|follows",
            line,
            re.IGNORECASE,
        )
    )


def read_failures(notice: str, *, own: frozenset[str], domain: str) -> list[Failure]:
    """Find the recipients in a notice and the words about each.

    Args:
        notice: What the mail system says, see `split_notice`.
        own: Lower-case addresses that are no failed recipients: who gets the report, and who sends it.
        domain: Domain of the reporting system, for names written without one.

    Returns:
        Recipients in order, each once; empty when the notice names none.
    """
    lines = notice[:60_000].splitlines()[:1_500]
    return _in_lines(lines, own, "") or _in_lines(lines, own, domain) or _elsewhere(notice, own)


def names_the_failed(notice: str, own: frozenset[str]) -> bool:
    """Whether an address stands where a failure is told: in that paragraph, or below the words that announce it.

    The address below somebody's name, or in a sentence of its own, is no failed recipient.
    """
    lines = notice[:60_000].splitlines()[:1_500]
    announced = False
    for paragraph in _paragraphs(lines):
        words = "\n".join(paragraph)
        fails = bool(_FAILURE.search(words))
        if (fails or announced) and any(_other_address(line, own) for line in paragraph):
            return True
        announced = bool(_INTRODUCES.search(words)) or (fails and paragraph[-1].rstrip().endswith((":", "：")))
    return False


def _other_address(line: str, own: frozenset[str]) -> bool:
    if "@" not in line or _SKIP_LINE.search(line):
        return False
    return any(address.lower().rstrip(".") not in own for address in _ANY_ADDRESS.findall(line))


def _paragraphs(lines: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [paragraph for paragraph in found if paragraph]


def _in_lines(lines: list[str], own: frozenset[str], domain: str) -> list[Failure]:
    """Recipients that lines name, each with the lines up to the next; with a domain, names without one count too."""
    found: dict[str, Failure] = {}
    current: Failure | None = None
    introduced = False
    for line in lines:
        address = _recipient_of(line, own) or (_bare_name(line, domain) if introduced and domain else "")
        introduced = bool(_INTRODUCES.search(line)) or (introduced and not line.strip())
        if address and address.lower() not in found:
            current = Failure(recipient=address, words="")
            found[address.lower()] = current
        if current is not None:
            current.words += line + "\n"
    return list(found.values())


def _recipient_of(line: str, own: frozenset[str]) -> str:
    if "@" not in line:
        return ""
    if (generated := _GENERATED.search(line)) and generated[1].lower() not in own:
        return generated[1].rstrip(".")
    if _SKIP_LINE.search(line):
        return ""
    for pattern in (_AT_START, _LABELLED):
        hit = pattern.match(line) if pattern is _AT_START else pattern.search(line)
        if hit and hit[1].lower().rstrip(".") not in own:
            return hit[1].rstrip(".")
    return ""


def _bare_name(line: str, domain: str) -> str:
    hit = _BARE_NAME.match(line)
    return f"{hit[1]}@{domain}" if hit and domain else ""


def _elsewhere(notice: str, own: frozenset[str]) -> list[Failure]:
    """Addresses anywhere in the notice: after a reply code first, then after telling words, then any."""
    for pattern in (_IN_REPLY, _LABELLED):
        for hit in pattern.finditer(notice[:20_000]):
            if hit[1].lower().rstrip(".") not in own:
                return [Failure(recipient=hit[1].rstrip("."), words=notice)]
    kept = "\n".join(line for line in notice[:20_000].splitlines() if not _SKIP_LINE.search(line))
    for address in _ANY_ADDRESS.findall(kept):
        if address.lower() not in own:
            return [Failure(recipient=address.rstrip("."), words=notice)]
    return []
