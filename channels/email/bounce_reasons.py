"""What a mail server's words mean: enhanced status, and whether the address itself is at fault.

Part of the e-mail channel, below `channels.email.bounces`. RFC 3463 defines the status, the IANA registry of
enhanced
status codes its members; servers often send none, a wrong one, or only words, so the words decide where they
are clear.
"""

import re
from functools import lru_cache

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\d|\.\d)")
_REPLY = re.compile(
    r"(?<![\w./@+-])(?<!\S:)([45])([0-7]\d)(?=[ \t-]+\S|$|[;:,)\]\"'])(?![ \t]*(?:bytes?|kb|mb|"
    r"messages?|hours?|days?|minutes?|seconds?)\b)",
    re.IGNORECASE,
)
_REPLY_THEN_STATUS = re.compile(
    r"(?<![\w.:/@+-])([45])\d\d[ -]+[#'(]{0,2}(?:\1)\.(\d{1,3})\.(\d{1,3})(?!\d|\.\d)",
)

_TEMPORARY = re.compile(
    r"temporar|try(?:ing)? again|will (?:continue|keep|be) (?:to )?(?:try|retr|tried)|retry|delayed|not "
    r"yet been delivered"
    r"|warning message only|deferred|greylist|graylist|still trying|could not be delivered for \d|"
    r"queued mail for delivery",
    re.IGNORECASE,
)
_TRIED_AGAIN = re.compile(
    r"(?:will|shall) (?:continue|keep|be|still)? ?(?:to )?(?:be )?(?:try|trying|retry|retried|retries|attempt|resent)"
    r"|will be (?:re)?tried|warning (?:message )?only|(?:not|n't) need to re-?send"
    r"|still (?:being )?(?:re)?tr(?:y|ied)"
    r"|not yet been (?:able|delivered)|has been delayed|is (?:being )?delayed|delay reason|temporary failure report"
    r"|delivery (?:attempts )?will (?:continue|be (?:retr|repeat))|queued (?:mail )?for delivery|no action is required"
    r"|weitere (?:zustell)?versuche|wird (?:weiterhin|erneut) versucht|sera (?:à nouveau|encore) (?:tent|essay)"
    r"|se volver[áa] a intentar|se seguir[áa] intentando|será tentad[ao] novamente|verrà ritentat|引き続き|再送を",
    re.IGNORECASE,
)
_NO_MORE = re.compile(
    r"(?:given|giving|gave) up|no longer (?:be )?(?:try|tri|retr)|not (?:going to|be) (?:try|retr|tried)|too long"
    r"|will not (?:be )?(?:try|tried|retr)|permanent (?:error|fail)|message expired"
    r"|(?:has|have) been (?:returned|rejected)|(?:is being|was) returned",
    re.IGNORECASE,
)
_GAVE_UP = re.compile(
    r"given up|giving up|final|permanent|no longer try|not going to try|has been in the queue too long|"
    r"too old"
    r"|retry time(?:out)? (?:not reached|exceeded)|message expired|delivery time expired|undeliverable|"
    r"returned"
    r"|expired|delivery failed|failed|unable to deliver",
    re.IGNORECASE,
)

# The words of servers, in the order in which they are asked. Each says about the mailbox, the sender or the
# message
# something that makes the address itself innocent.
_INNOCENT = re.compile(
    r"your (?:mail )?(?:domain|server|host|ip)\b|"
    r"(?:mail)?box\w*(?: is)? (?:currently )?(?:full|exceed)|over\s?quota|quota (?:is )?(?:exceed|full|"
    r"reach)|exceed\w* (?:\w+ ){0,4}quota"
    r"|\bquota\b|mailbox size|disk (?:space|full)|out of (?:disk )?(?:space|storage)|insufficient "
    r"(?:system )?(?:storage|space)|storage (?:limit|allocation)"
    r"|not enough (?:storage|space|disk)|mail ?folder is full|mail (?:for|to) \S+ (?:has )?exceeded|is full\b"
    r"|suspend|disabled|inactive|deactivated|not active|been locked|is locked|dormant|account (?:has "
    r"been )?(?:closed|expired)|mailbox (?:is )?frozen"
    r"|\bspam\b|\bspam\W|unsolicited|junk mail|\bbulk|black\s?-?list|blocklist|block list|\bblocked\b|"
    r"is blocked|block(?:ed)? (?:by|using|for|your)|\brbl\b|dnsbl|spamhaus|spamcop|barracuda|reputation|"
    r"bad sender|sending (?:ip|limit)|senderbase"
    r"|\bdmarc\b|\bspf\b|\bdkim\b|unauthenticated|authentication (?:is )?(?:required|failed)|not "
    r"pass(?:ing)? auth|sender policy|not authori[sz]ed|unauthori[sz]ed|policy|prohibited|"
    r"administratively|not permitted|not allowed|access denied|permission|not accepting|refused to "
    r"accept|restricted"
    r"|relay(?:ing)? (?:is )?(?:not|denied|access|prohibited)|(?:unable|not) to relay|not (?:a )?relay|"
    r"relaying|we do not relay|open relay"
    r"|too many|rate limit|throttl|greylist|graylist|concurrent|connection limit|deferred"
    r"|\bptr\b|reverse (?:dns|name|lookup)|rdns|fcrdns|client host (?:rejected|blocked)"
    r"|too (?:big|large|long)|message size|size (?:limit|exceed)|exceeds? (?:\w+ ){0,4}(?:size|limit)|"
    r"max(?:imum)? (?:message )?(?:size|length)"
    r"|virus|malware|infected|attachment|content (?:reject|filter|denied)|message (?:content "
    r")?(?:rejected|refused|blocked|contains)|phish|\burl\b|suspicious"
    r"|sender (?:address )?(?:rejected|denied|refused|not|verif|domain|is|was|unknown|invalid)|"
    r"(?:invalid|bad|unknown|illegal) sender|does(?:n't| not) like sender|sender was rejected|mail from|"
    r"bad (?:helo|ehlo)|(?:helo|ehlo) command|domain of sender|sender'?s? domain"
    r"|recipient preferences|not found, try again|time(?:d)?[ -]?out|expired|connection (?:refused|"
    r"reset|lost|dropped|closed|time)|could not connect|unable to connect|network (?:is )?unreachable|"
    r"no route|host (?:is )?unreachable|too many hops|mail loop|loops? back|routing loop|hop count|"
    r"retry time|in the queue too long|cannot connect|not responding|lost connection|establish an smtp "
    r"connection"
    r"|system (?:not (?!accepting net)|error|failure|resources|config)|internal error|local error|out of memory|"
    r"i/o error|(?:can|could)n?'?t create|cannot open|write error|mailer error|command (?:died|failed|not "
    r"recognized|unrecognized)|syntax error|configuration error|program failed|return(?:ed)? (?:exit "
    r")?status"
    r"|rfc ?5?[238]22|duplicate header|multiple|non[- ]?compliant|header|starttls|\btls\b|certificate",
    re.IGNORECASE,
)
_NO_SUCH_USER = re.compile(
    r"(?:user|recipient|account|mailbox|address|addressee|person|customer|subscriber|local[- ]part|name|"
    r"alias)s?\W{1,3}(?:\S+\W{1,3})?(?:is |was |are )?(?:\w+ )?(?:unknown|not found|not known|invalid|"
    r"not exist|nonexist|not recogni[sz]ed|not valid|not listed)"
    r"|unknown (?:\w+ )?(?:user|recipient|address|account|mailbox|local|alias|or illegal|name|customer|"
    r"rcpt)|unrout(?:e)?able address"
    r"|no (?:\w+ )?(?:such|valid) ?(?:\w+ )?(?:user|recipient|address|account|mailbox|person|name|local|"
    r"alias|id|subscriber|member|user/domain)|no (?:mailbox|mailboxes|account|one|body) (?:here )?(?:by|"
    r"with|for) (?:that|this)|nobody by (?:that|this) name"
    r"|(?:does(?:n't| not|nt)|do(?:n't| not)|did not|didn't) (?:currently |actually )?(?:exist|have an? "
    r"(?:\S+ )?(?:account|mailbox|inbox)|appear to exist|match)|non[- ]?exist[ae]nt|no longer (?:valid|"
    r"exists?|available|in use|active|an? valid|accepts?|works|employed|receiv|on (?:this|server|our))"
    r"|invalid (?:\w+ )?(?:user|recipient|address|mailbox|account|final delivery|destination|rcpt|"
    r"local)|bad (?:recipient|address|destination|mailbox|user)|badrcptto|illegal (?:user|alias|"
    r"recipient)|not a (?:valid|known|local|current) (?:\w+ )?(?:user|recipient|address|mailbox|account|"
    r"alias|e-?mail|subscriber)"
    r"|(?:recipient|mailbox|address|user|account) (?:\S+ )?(?:is |was )?(?:unavailable|rejected|not "
    r"available|undeliverable|is not local|not accepted|refused|removed|deleted|terminated|cannot be "
    r"found|could not be found|couldn'?t be found|wasn'?t found|isn'?t)"
    r"|recipnotfound|not (?:our|my) customer|(?:couldn'?t|could not|can'?t|cannot|unable to) (?:find|"
    r"locate|resolve|verify) (?:\w+ )?(?:user|recipient|address|mailbox|account|the person)|not "
    r"(?:found|listed) in|isn'?t (?:listed|found)|delete this address|user doesn'?t|is not (?:a "
    r")?(?:known|found)|has no mailbox|address (?:you (?:entered|sent)|couldn'?t be|could not be|is "
    r"invalid|not found|error)"
    r"|destination addresses were unknown|not a(?:n)? \S{1,60} (?:user|customer|subscriber)|(?:was|were|"
    r"is|are) not found|not in (?:directory|address book|list)|not found in"
    r"|not (?:our|a local|local) user|user (?:is )?not local|dosn'?t exist|(?:is|are) no longer (?:with|at|employed)"
    r"|left (?:the|our) (?:company|organi[sz]ation)"
    # the same in other languages
    r"|(?:empfänger|benutzer|adresse|postfach|nutzer|teilnehmer)\w* (?:ist |wurde )?(?:unbekannt|(?:existiert|"
    r"gibt es) nicht|nicht (?:gefunden|bekannt|vorhanden)|ungültig)|unbekannte[rs]? (?:empfänger|benutzer|adresse)"
    r"|nicht im \S{0,20}verzeichnis|nicht (?:im|in der) (?:adressbuch|verzeichnis|system)"
    r"|(?:utilisateur|destinataire|adresse|compte|boîte)\w* (?:\w+ )?(?:inconnue?|inexistante?|introuvable|invalide|"
    r"n'existe (?:pas|plus))"
    r"|(?:usuario|destinatario|direcci[oó]n|cuenta|buz[oó]n|usuário|destinatário|endereço|conta|utente|indirizzo|"
    r"casella)(?: de correo| de e-?mail| di posta)? (?:\w+ )?(?:desconocid[oa]|inexistente|no existe|no encontrad[oa]|"
    r"inv[aá]lid[oa]|desconhecid[oa]|não (?:existe|encontrad[oa])|sconosciut[oa]|non (?:esiste|trovat[oa]|valid[oa]))"
    r"|(?:gebruiker|ontvanger|adres|mailbox) (?:is )?(?:onbekend|niet (?:gevonden|bekend)|bestaat niet)"
    r"|(?:użytkownik|odbiorca|adres|konto) (?:jest )?(?:nieznany|nie (?:istnieje|został znaleziony))"
    r"|(?:okänd|ukjent|ukendt) (?:mottagare|användare|mottaker|bruker|modtager|bruger)"
    r"|(?:пользовател|получател|адресат|ящик|адрес)\w* (?:\w+ )?не (?:найден|существует|известен|зарегистрирован)"
    r"|неизвестный (?:пользователь|получатель|адрес)"
    r"|(?:ユーザ|宛先|アドレス|受信者|メールボックス)\w*?(?:は|が)(?:存在し(?:ません|ない)|見つかりません|不明)"
    r"|(?:收件人|用户|收件者|用戶|邮箱|地址)\w{0,6}(?:不存在|未找到|无效)|존재하지 않는|사용자를 찾을 수 없",
    re.IGNORECASE,
)
_NO_SUCH_HOST = re.compile(
    r"(?:host|domain|server|dns|mx|name)\W{1,3}(?:\S+\W{1,3})?(?:name |service |record |server )?(?:is |"
    r"was |are )?(?:unknown|not found|not known|does not exist|doesn'?t exist|nonexist|not resolv|"
    r"couldn'?t be found|could not be found|isn'?t)"
    r"|unknown (?:\w+ )?(?:host|domain)|no such (?:host|domain)|(?:couldn'?t|could not|can'?t|cannot|"
    r"unable to) find (?:a |any )?(?:host|mail exchanger|gateway|route|mx|domain)|unrout(?:e)?able "
    r"(?:mail )?domain|illegal host|invalid (?:host|domain)"
    r"|domain is not reachable|nxdomain|no (?:mx|dns|mail exchanger)|bad domain|domain (?:\S+ "
    r")?(?:lookup failed|not (?:exist|found))|name service error|all relevant mx records point to "
    r"non-existent hosts|nullmx|null mx|does not accept mail|system not accepting network|"
    r"couldn't find any host named|dns error|dns query failed|invalid dns mx"
    # the same in other languages
    r"|(?:domain|domaine|dominio|domínio|domein) (?:nicht gefunden|unbekannt|existiert nicht|inconnu|introuvable|"
    r"no encontrado|no existe|inexistente|não encontrado|não existe|sconosciuto|niet gevonden)"
    r"|(?:домен|хост) (?:не найден|не существует)|ドメインが(?:見つか|存在し)|域名不存在",
    re.IGNORECASE,
)
_MOVED = re.compile(
    r"has (?:been )?(?:moved|replaced|changed)|new (?:e-?mail )?address|address (?:has )?changed|moved "
    r"to|has moved",
    re.IGNORECASE,
)

_AFTER_DATA = re.compile(
    r"end of data|after data|in reply to (?:the )?(?:end of )?DATA|command DATA\b|while "
    r"sending (?:the )?(?:message )?(?:data|body)|after I sent the message",
    re.IGNORECASE,
)
_DATA_REFUSED = re.compile(r">>> (?:DATA|\.) <<< [45]\d\d")
# With pipelining DATA stands before the refusals of the recipients, and is itself refused for want of one.
_NOBODY_LEFT = re.compile(
    r"<<< (?:503|554) .{0,40}?(?:rcpt|recipient|valid)|need (?:rcpt|recipient)|no valid recip", re.IGNORECASE
)
# A full mailbox, the local system's own faults and a name server's clear the address, whatever else is said.
_NOT_THE_ADDRESS = re.compile(
    r"not found, try again|try again later|procmail: |maildrop: |"
    r"(?:could ?n[o']t|can ?not|can't|unable to) (?:create|open|write|lock|append)\b"
    r"|over\s?quota|quota (?:is |has been )?exceeded|exceed\w* (?:\w+ ){0,4}quota|mailbox (?:is )?full"
    r"|(?:postfach|speicher|quota|kontingent)\w* (?:ist |des \w+ ist )?(?:voll|erschöpft|überschritten)"
    r"|(?:boîte|boite)\b.{0,20} pleine|quota (?:dépassé|superat[oa]|excedid[oa])"
    r"|(?:buz[oó]n|casilla|cuenta)\b.{0,20} llen[oa]|caixa (?:\w+ ){0,2}cheia|casella (?:\w+ ){0,2}piena"
    r"|mailbox (?:is )?vol\b|skrzynka (?:\w+ ){0,2}(?:pełna|przepełniona)|ящик\w* (?:\w+ )?переполнен"
    r"|いっぱい|容量(?:を|が)|(?:邮箱|郵箱|信箱)(?:已|空间)?满|사서함이 가득",
    re.IGNORECASE,
)
_GENERAL = re.compile(r"recipient address rejected: (?=\w)(?!access denied)|https?://\S+", re.IGNORECASE)
"""What stands before the reason, or behind it, and would be taken for one."""

_HARD_STATUS = frozenset(("5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.4.4", "5.1.0"))


def status_in(text: str) -> str:
    """The enhanced status (RFC 3463) or SMTP reply code (RFC 5321, section 4.2) that a text states.

    Args:
        text: A server's words.

    Returns:
        `x.y.z`; from a bare reply code `4.0.0` or `5.0.0`; "" when the text states none.
    """
    text = text[:20_000]
    if replied := replied_status(text):
        return replied
    stated = [f"{a}.{int(b)}.{int(c)}" for a, b, c in _STATUS.findall(text) if a != "2"]
    for status in stated:
        if not status.endswith(".0.0"):
            return status
    if stated:
        return stated[0]
    if found := _REPLY.search(text):
        return f"{found[1]}.0.0"
    return ""


def replied_status(text: str) -> str:
    """The enhanced status right behind an SMTP reply code, the server's own words; "" when there is none."""
    found = _REPLY_THEN_STATUS.search(text[:20_000])
    return f"{found[1]}.{int(found[2])}.{int(found[3])}" if found else ""


def derive_status(text: str, context: str = "") -> str:
    """The enhanced status of a failure, from its words where they state none.

    Args:
        text: What the report says about a recipient.
        context: The whole notice, asked when `text` says nothing.

    Returns:
        `x.y.z`: as stated, or `5.0.0` (permanent) or `4.0.0` (temporary) by the words.
    """
    if stated := status_in(text) or status_in(context):
        return stated
    words = text + "\n" + context
    if _NO_SUCH_USER.search(text) or _NO_SUCH_HOST.search(text):
        return "5.0.0"
    return "4.0.0" if _TEMPORARY.search(words) and not _GAVE_UP.search(words) else "5.0.0"


@lru_cache(maxsize=32)  # every recipient
def is_delay(notice: str) -> bool:
    """Whether a notice says that the mail is still on its way and will be tried again.

    Args:
        notice: What the mail system says, without the mail it returns.
    """
    words = " ".join(notice[:8_000].split())
    return _TRIED_AGAIN.search(words) is not None and _NO_MORE.search(words) is None


@lru_cache(maxsize=32)  # every recipient of a long report asks about the same notice
def refused_content(words: str) -> bool:
    """Whether a server took the recipient and refused the mail only when it had come: it knows the recipient.

    Args:
        words: What the report says about one recipient, or the transcript of the talk with the server.
    """
    words = " ".join(words[:20_000].split())
    if _AFTER_DATA.search(words):
        return True
    return _DATA_REFUSED.search(words) is not None and _NOBODY_LEFT.search(words) is None


def is_hard(status: str, text: str) -> bool:
    """Whether a failure means that the address is of no use any more: no such user or host, or moved away.

    A full mailbox, a blocked sender or a refused content is permanent for that one mail, not for the address,
    so it is
    not hard; neither is anything temporary.

    Args:
        status: Enhanced status, may be empty.
        text: The server's words.
    """
    return bool(verdict(status, text))


@lru_cache(maxsize=32)
def verdict(status: str, text: str) -> bool | None:
    """What `is_hard` says; None when neither the status nor the words tell why the mail was not delivered.

    Args:
        status: Enhanced status, may be empty.
        text: The server's words.
    """
    words = _GENERAL.sub(" ", " ".join(text[:5_000].split()))
    if status.startswith("4") or refused_content(words) or _NOT_THE_ADDRESS.search(words):
        return False
    innocent = _INNOCENT.search(words)
    guilty = _NO_SUCH_USER.search(words) or _NO_SUCH_HOST.search(words)
    if status in ("5.1.1", "5.1.2", "5.1.6", "5.1.10"):
        return innocent is None or guilty is not None
    if guilty := guilty or _MOVED.search(words):
        return innocent is None or (innocent.start() > guilty.start() and not status.startswith(("5.2.2", "5.7")))
    if innocent is not None:
        return False
    return True if status in _HARD_STATUS else None
