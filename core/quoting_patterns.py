"""The words by which mail programs introduce quotes and sign mails, in many languages.

Part of core, used by `core.quoting` only. Each language's words stand in one table, so that adding a language
is adding
words. Patterns look at one line, or a few joined ones of bounded length, and have no nested repetition: time
is linear.
"""

import re

WROTE = (
    "wrote|writes|said|has written|sent the following|"  # English
    "schrieb|schreibt|geschrieben|hat geschrieben|"  # German
    "a écrit|a ecrit|écrit|écrivait|vous avez écrit|"  # French
    "escribió|escribio|ha escrito|va escriure|ha escrit|"  # Spanish, Catalan
    "escreveu|"  # Portuguese
    "ha scritto|scrisse|scriveva|scrive|"  # Italian
    "schreef|geschreven|het volgende geschreven|"  # Dutch
    "skrev|skrev følgende|skrev följande|"  # Danish, Norwegian, Swedish
    "kirjoitti|kirjutas|rašė|rakstīja|"  # Finnish, Estonian, Lithuanian, Latvian
    "napisał|napisała|napisał\\(a\\)|napisał/a|pisze|napisal|napisal\\(a\\)|napísal|napísala|"
    "napísal\\(a\\)|napsal|napsala|napsal\\(a\\)|"
    "píše|napisao je|je napisao|je napisal|"  # Polish, Czech, Slovak, South Slavic
    "írta|ezt írta|"  # Hungarian
    "a scris|"  # Romanian
    "написал|написала|написал\\(а\\)|пишет|писал|писал\\(а\\)|"  # Russian
    "написав|написала|написав\\(ла\\)|пише|"  # Ukrainian
    "написа|писа|"  # Bulgarian, Serbian
    "έγραψε|έγραψεν|"  # Greek
    "yazdı|şunu yazdı|şunları yazdı|tarihinde şöyle yazdı|"  # Turkish
    "כתב|כתבה|כתב/ה|מאת|"  # Hebrew
    "كتب|كتبت|كتب/ت|نوشت|"  # Arabic, Persian
    "写道|寫道|写到|编写|"  # Chinese
    "書きました|のメール|のメッセージ|wrote|"  # Japanese
    "작성|님이 작성|님의 글|님이 쓴 글|"  # Korean
    "đã viết|viết|menulis|เขียนว่า|เขียน|"  # Vietnamese, Indonesian, Thai
    "ने लिखा|लिखा|ने लिहिले|লিখেছেন|எழுதியது"  # Hindi, Marathi, Bengali, Tamil
)

ATTRIBUTION_START = (
    "on|at|in|le|el|em|am|il|op|den|på|dnia|w dniu|dne|dňa|pe|la|у|в|на|vào|pada|a|az|ma|ti|tor|lør|søn|"
    "man|ons|fre|"
    "mån|tis|lör|sön|στις|τη|την|בתאריך|ב-|في|در|在|于|於|"
    "dom|lun|mar|mer|gio|ven|sab|seg|ter|qua|qui|sex|sáb|"
    "mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|пн|вт|ср|чт|пт|сб|вс|нд|pon|wt|śr|czw|pt|sob|"
    "niedz|po|út|st|čt|pá|ne|"
    "ons|tors|lun|mié|jue|vie|dim|jeu|sam|за|dana|kl|era|wiadomość napisana"
)

_DATE_WORD = (
    r"(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\b\d{4}\b|\d{1,2}[:.h]\d{2}|\d{1,2}[.]? ?(?:jan|feb|mar|mär|"
    r"apr|may|mai|jun|jul|aug|sep|oct|okt|out|nov|dec|dez|déc|dic|ago|fév|avr|juin|juil|août|ene|abr|"
    r"set|gen|mag|giu|lug|ott|sty|lut|kwi|maj|cze|lip|sie|wrz|paź|lis|gru|янв|фев|мар|апр|мая|июн|июл|"
    r"авг|сен|окт|ноя|дек)"
    r"|\d{1,2} ?[年月日]|\d{1,2}\s*월)"
)
DATE = re.compile(_DATE_WORD, re.IGNORECASE)
EMAIL = re.compile(r"[^\s<>\"(),;:]+@[^\s<>\"(),;:]+")

WROTE_AT_END = re.compile(
    rf"(?:^|[\s\"'>)\]，,;:.>）])(?:{WROTE})(?:[^\S\n]+(?:am|on|le|el|den|op)\b[^\n]{{0,60}}?)?[ "
    rf"\xa0]*(?:[:：]|-{{2,}}|\.\.\.|…)[ \xa0]*[>*]?$|(?:写道|"
    rf"寫道|작성|書きました|のメール|ने लिखा|נכתב)[ \xa0]*[:：]?$",
    re.IGNORECASE,
)
"""The end of "On ..., ... wrote:"."""

WROTE_BARELY = re.compile(
    r">[ \xa0](?:wrote|schrieb|a écrit|escribió|escreveu|ha scritto|schreef|skrev)$", re.IGNORECASE
)
"""The end of an introduction without its colon, behind an address in angle brackets."""

WROTE_WITHIN = re.compile(
    r"[\s>)\"'](?:schrieb|skrev|schreef|wrote|kirjoitti|escribió|napisał\(?a?\)?|написал\(?а?\)?|"
    r"пишет|ezt írta)\s+(?:am|den|op|on|el|dnia|в)?\s*.{4,60}:$",
    re.IGNORECASE,
)
"""Programs that put the date behind the verb: "Max <m@example.com> schrieb am Fr., 28. Apr. 2017 um 11:53
Uhr:"."""

STARTS_ATTRIBUTION = re.compile(
    rf"^[\s>*|_-]{{0,12}}(?:(?:{ATTRIBUTION_START})(?:[\s,.:]|\d|(?=[^\x00-\x7f]))|\d{{1,4}}[./年 -]|"
    rf"[\"<\w]|-{{2,}}\s*(?:on|le|el|am)\b)",
    re.IGNORECASE,
)

DATE_AND_ADDRESS = re.compile(
    r"^[\s>*]{0,6}(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./] ?\d{1,2}[-./] ?\d{2,4}|"
    r"\d{4}年\d{1,2}月\d{1,2}日|\d{1,2} [^\W\d]{3,9}\.? \d{4})[^\n]{0,80}?(?:GMT|UTC|"
    r"[<＜][^<>\n]{1,80}@)[^\n]{0,140}[:：]?$"
    r"|^[\s>*]{0,6}[^\W\d]{2,12}[.,]{1,2} \d{1,2} [^\W\d]{3,9}\.? "
    r"\d{4}[^\n]{0,20}[^\n]{0,60}<[^<>\n]{1,80}@[^<>\n]{3,80}>:$",
    re.IGNORECASE,
)
"""Gmail without a verb: "2016-10-24 15:36 GMT+02:00 Name <mail>:" and "вт, 5 янв. 2016 г. в 23:39, Name
<mail>:"."""

_FROM = (
    "from|von|de|da|van|från|fra|lähettäjä|od|odesílatel|nadawca|от|від|от кого|від кого|feladó|"
    "expeditor|expéditeur|"
    "remitente|remetente|mittente|afzender|kimden|gönderen|发件人|"
    "寄件者|寄件人|差出人|送信者|보낸 사람|보낸사람|发送者|מאת|من|από|"
    "प्रेषक|từ|dari|จาก|saatja|nuo|no|pošiljatelj|отправитель|відправник|de la|"
    "absender|afsender|avsändare"
)
_SENT = (
    "sent|date|message du|gesendet|datum|envoyé|envoyé le|date d'envoi|enviado|enviado el|enviada em|enviado em|"
    "fecha|data|inviato|verzonden|verstuurd|"
    "skickat|sendt|dato|lähetetty|päivämäärä|päiväys|wysłano|data wysłania|odesláno|odoslané|отправлено|"
    "дата|надіслано|відправлено|elküldve|dátum|"
    "trimis|gönderme tarihi|gönderildi|tarih|发送时间|发送日期|寄件日期|"
    "日期|时间|時間|日付|送信日時|送信日|보낸 날짜|날짜|תאריך|נשלח|"
    "التاريخ|تاريخ|"
    "日時|发件时间|寄件時間|pvm|päivä|ημ/νία|"
    "ημερομηνία|στάλθηκε|दिनांक|भेजा गया|ngày|đã gửi|tanggal|วันที่|poslano|изпратено|sent on|date sent"
)
_TO = (
    "to|an|à|a|para|aan|till|til|vastaanottaja|do|komu|dla|кому|до|címzett|către|kime|alıcı|"
    "destinataire|destinatario|destinatário|"
    "ontvanger|收件人|收件者|宛先|받는 사람|받는사람|אל|إلى|προς|प्रति|đến|kepada|ถึง|за|příjemce|către|"
    "odbiorca|empfänger|modtager|mottagare|받는 이"
)
_CC = (
    "cc|dw|kopia do|kopie|kopia|copie|copia|kopi|kopio|копия|копія|másolatot kap|bilgi|抄送|副本|참조|עותק|نسخة|"
    "κοιν|bcc|cci"
)
_SUBJECT = (
    "subject|betreff|objet|sujet|asunto|assunto|oggetto|onderwerp|ämne|emne|aihe|temat|předmět|predmet|"
    "тема|tárgy|subiect|konu|"
    "主题|主題|主旨|標題|标题|件名|제목|נושא|الموضوع|موضوع|θέμα|विषय|chủ đề|subjek|เรื่อง|tema|относно"
)
_OTHER = (
    "reply-to|antwort an|répondre à|responder a|rispondi a|risposta|responder para|"
    "organization|attachments|anlagen|importance|priority|message-id|resent-from|回复|返信先"
)

HEADER = re.compile(
    rf"^[\s>|*_]{{0,12}}(?:(?P<sender>{_FROM})|(?P<sent>{_SENT})|(?P<to>{_TO})|(?P<cc>{_CC})|"
    rf"(?P<subject>{_SUBJECT})|(?P<other>{_OTHER}))[*_ \xa0]{{0,3}}[:：][*_]{{0,2}}(?P<value>.*)$",
    re.IGNORECASE,
)
"""One line of "From: / Sent: / To: / Subject:"."""

_ORIGINAL = (
    "original message|original email|original appointment|reply message|message d'origine|message "
    "original|messaggio originale|mensaje original|mensagem original|"
    "ursprüngliche nachricht|ursprungliche nachricht|originalnachricht|original-nachricht|originele "
    "bericht|oorspronkelijk bericht|"
    "ursprungligt meddelande|originalmeddelande|oprindelig meddelelse|opprinnelig melding|original "
    "meddelelse|alkuperäinen viesti|oryginalna wiadomość|wiadomość oryginalna|"
    "původní zpráva|původní e-mail|pôvodná správa|исходное сообщение|оригинальное сообщение|"
    "первоначальное сообщение|оригінальне повідомлення|"
    "eredeti üzenet|mesaj original|orijinal mesaj|özgün ileti|"
    "orjinal mesaj|asıl ileti|原始邮件|原始郵件|原邮件|"
    "原始信件|元のメッセージ|original mail|원본 메일|원본 메시지|원래 메시지|"
    "הודעה מקורית|الرسالة الأصلية|αρχικό μήνυμα|मूल संदेश|tin nhắn gốc|pesan asli|ข้อความต้นฉบับ|"
    "izvorna poruka|оригинално съобщение|mensaje citado|quoted text|antwort|reply to message"
)
_FORWARDED = (
    "forwarded (?:message|mail|e-?mail)(?: from [^\\n]{1,120}?)?|forwarded by|begin forwarded message|fwd message|"
    "weitergeleitete (?:nachricht|e-?mail)|weitergeleitet von|anfang der weitergeleiteten (?:e-mail|nachricht)|"
    "(?:message|courriel|e-?mail) (?:transféré|transmis|réexpédié)|transféré par|réacheminé par|"
    "début du (?:message|courriel) (?:réexpédié|transféré)|"
    "(?:mensaje|correo) reenviado|reenviado por|inicio del mensaje reenviado|"
    "mensagem (?:reencaminhada|encaminhada)|(?:re)?encaminhad[ao] por|início da mensagem (?:reencaminhada|encaminhada)|"
    "messaggio inoltrato|inoltrato da|inizio (?:del )?messaggio inoltrato|"
    "doorgestuurd (?:bericht|door)|begin (?:van )?doorgestuurd bericht|"
    "vidarebefordrat (?:meddelande|mejl|brev|av)|(?:början på|påbörja) vidarebefordrat meddelande|"
    "videresendt (?:meddelelse|melding|besked|e-mail|af|av)|(?:start på|begynd|begynn) videresendt (?:besked|melding|"
    "meddelelse)|"
    "(?:välitetty|edelleenlähetetty) viesti(?: alkaa)?|lähettänyt edelleen|(?:alkaa )?edelleenlähetetty viesti|"
    "przekazana wiadomość|wiadomość przekazana(?: dalej)?|przekazane przez|początek (?:przekazywanej wiadomości|"
    "przekazanej wiadomości|wiadomości przekazanej dalej)|"
    "přeposlaná zpráva|začátek přepos(?:í|i)?lané zprávy|přeposlal|preposlaná správa|"
    "пересылаемое сообщение|пересланное (?:сообщение|письмо)|перенаправленное сообщение|начало (?:переадресованного|"
    "пересылаемого) сообщения|переслал|переслане повідомлення|початок (?:листа, що пересилається|переадресованого "
    "повідомлення)|"
    "továbbított (?:üzenet|levél)|(?:a )?továbbított (?:üzenet|levél) kezdete|"
    "ilet(?:ilen|ilmiş) (?:mesaj|ileti)|i̇letilmiş ileti|yönlendirilen ileti|yönlendirilmiş (?:mesaj|ileti)|"
    "(?:iletilen|yönlendirilen) (?:ileti|mesaj)(?:nin)? başlangıcı|"
    "mesaj (?:redirecționat|reexpediat)|început mesaj (?:redirecționat|reexpediat)|missatge reenviat|"
    "转发(?:的)?(?:邮件|消息)(?:信息)?|開始轉寄郵件|开始转发的邮件|以下是转发的邮件|轉寄的郵件|轉寄郵件|"
    "転送(?:された)?(?:メッセージ|メール)|転送元のメッセージ|"
    "전달된 (?:메시지|메일)(?: 시작)?|아래는 전달된 메시지입니다|"
    "הודעה שהועברה|הודעה מועברת|תחילת ההודעה שהועברה|رسالة محوّلة|رسالة معاد توجيهها|بداية الرسالة المعاد توجيهها|"
    "προωθημένο μήνυμα|έναρξη προωθημένου μηνύματος|अग्रेषित संदेश|thư chuyển tiếp|"
    "pesan terusan|message forwarded"
)
DIVIDER = re.compile(
    rf"^[\s>|*]{{0,8}}(?:[-_=‐-―]{{2,}}+[ \xa0*]*(?:{_ORIGINAL}|{_FORWARDED})[ \xa0*:]*[^\n]{{0,100}}$|"
    rf"(?:{_FORWARDED})[ \xa0]*[:：]?[ \xa0*]*$|(?:{_ORIGINAL})[ \xa0]*[:：]?[ \xa0]*-{{2,}}$)",
    re.IGNORECASE,
)
"""The line above a message that follows unquoted: "-----Original Message-----"."""

FORWARD_DIVIDER = re.compile(
    rf"^[\s>|*]{{0,8}}(?:[-_=‐-―]{{2,}}+[ \xa0*]*(?:{_FORWARDED})[ \xa0*:]*[^\n]{{0,100}}|"
    rf"(?:{_FORWARDED})[ \xa0]*[:：]?[ \xa0*]*)$",
    re.IGNORECASE,
)
"""The line above a mail that is passed on."""

ANY_DIVIDER = re.compile(r"^[\s>|*]{0,8}[-_=‐-―*]{3,}+[ \xa0]*[^\s_=*-][^\n]{2,100}?[ \xa0]*[-_=‐-―*]{3,}[\s*]*$")
"""A line of words between two runs of dashes, in whatever language."""

REPLY_ABOVE = re.compile(
    r"^[\s>*#=~_-]{0,12}(?:please )?(?:(?:type|write|enter) (?:your )?(?:reply|response) above (?:this|"
    r"the) line|reply above (?:this|the) line|reply above this line|do not (?:write|type) below this "
    r"line"
    r"|(?:bitte )?(?:schreiben|antworten) sie (?:ihre antwort )?(?:über|oberhalb) dieser (?:zeile|"
    r"linie)|répondez au-dessus de cette ligne|(?:veuillez )?répondre au-dessus de cette ligne|responda "
    r"(?:por )?encima de esta línea|escriba su respuesta (?:por )?encima de esta línea|responda acima "
    r"desta linha)[\s.*#=~_-]{0,40}$",
    re.IGNORECASE,
)
"""The line that desks put into their mails, to find again where the answer ends."""

UNDERLINE = re.compile(r"^\s*(?:_{5,}|-{5,}|={5,}|\*{5,}|—{3,}|─{3,})\s*$")
"""A ruled line, which quotes, signatures and people use."""

QUOTED = re.compile(r"^[ \t]{0,3}(?:>|&gt;|\|[ \t]|[A-Za-z]{1,4}>(?!\S*[<>]))")
"""A line that somebody else wrote (RFC 3676, section 4.5, and "JD> " of older programs)."""

SIGNATURE_LINE = re.compile(r"^[ \t]*(?:--|—|–|__|_{2,3})[ \t\xa0]*$")
"""The line above a signature (RFC 3676, section 4.3, and what is made of it on the way)."""

ORNAMENT = re.compile(r"^[\s\-_=*~#+,.ᐧ—–─•·]+$")
"""A line of nothing but ornaments."""

_DEVICE = (
    r"(?:iphone|ipad|ipod|android|samsung|galaxy|huawei|xiaomi|redmi|oneplus|pixel|motorola|blackberry|"
    r"nokia|htc|lg|sony|xperia|windows (?:phone|mail|10|11)|nexus|"
    r"outlook|gmail|yahoo|aol|mail\.ru|proton ?mail|proton|thunderbird|airmail|sparrow|spark|k-9|k9|"
    r"fairemail|tutanota|mailbird|newton|bluemail|blue ?mail|hey|superhuman|zoho|gmx|web\.de|t-online|"
    r"orange|boxer|nine|mobile|phone|handy|smartphone|mobiltelefon|tablet|device|portable|móvil|movil|"
    r"celular|téléphone|telefon\w*|telefoon|telefono|mobil\w*|cell\w*|pda|treo|palm|sidekick|handheld|"
    r"handgerät|мобильн\w+|телефон\w*|яндекс|почт\w+|телефону|пошт\w+)"
)
_DEVICE_ANY = re.compile(_DEVICE, re.IGNORECASE)
MOBILE_SIGNATURE = re.compile(
    r"^[\s<(\[*_|-]{0,6}(?:"
    r"(?:this (?:e-?mail|message) was )?sent (?:from|via|with|by|using|on)\b.{1,120}|sent .{0,20}\bfrom "
    r"my .{1,60}|from my .{1,40}|from mobile|\w+ from mobile|get (?:outlook|bluemail|yahoo mail) (?:for|"
    r"app).{1,80}"
    r"|(?:von|mit|vom) (?:meine[mr]?|unterwegs|der|dem|outlook|android).{1,60}gesendet.{0,20}|gesendet "
    r"(?:von|mit|über|aus|vom) .{1,80}|diese nachricht wurde von .{1,90}gesendet.{0,3}|outlook für "
    r"(?:ios|android).{0,60}"
    r"|(?:envoyé|envoye) (?:de|depuis|à partir|avec|via|par|du) .{1,80}|obtenez outlook.{1,60}|"
    r"télécharger outlook.{1,60}"
    r"|enviado (?:desde|do|de|a partir|con|com|via|pelo|por|dende) .{1,80}|enviada do .{1,80}|obtener "
    r"outlook.{1,60}|obter o outlook.{1,60}|(?:enviat|tramès) (?:des|amb) .{1,60}"
    r"|inviato (?:da|dal|con|tramite|via) .{1,80}|(?:scarica|ottieni) outlook.{1,60}"
    r"|(?:verzonden|verstuurd) (?:met|vanaf|vanuit|via|door) .{1,80}|(?:download|haal) outlook.{1,60}"
    r"|(?:sendt|skickat|skickades|sänt|sendte?) (?:fra|från|med|via) .{1,80}|(?:fra|från) min .{1,40}|"
    r"hent outlook.{1,60}|hämta outlook.{1,60}"
    r"|lähetetty .{1,60}|(?:wysłano|wysłane) (?:z|za|przez|ze) .{1,60}|wysłane .{1,60}|(?:odesláno|"
    r"odoslané) z.{1,60}|posláno z .{1,60}|poslano (?:s|z|sa) .{1,60}"
    r"|(?:отправлено|послано) (?:с|из|от|через) .{1,60}|надіслано (?:з|із|від|через) .{1,60}|"
    r"відправлено (?:з|із) .{1,60}|изпратено от .{1,60}|послато са .{1,60}"
    r"|(?:küldve|elküldve) .{1,60}|.{1,40}küldve\.?|trimis (?:de pe|din|cu) .{1,60}|.{1,40}(?:ümden|"
    r"umdan|dan|den) gönderildi\.?|στάλθηκε από .{1,60}"
    r"|发自我?的? ?.{1,30}|從我的.{1,30}(?:傳送|寄出|發送)|"
    r"从我的.{1,30}发送|寄自.{1,30}|來自我的.{1,30}|来自我的.{1,30}|"
    r".{1,20}から送信|나의 .{1,30}에서 (?:보냄|보낸.{0,6})|.{1,30}에서 보냄"
    r"|נשלח מ.{1,40}|أرسلت من .{1,40}|تم الإرسال من .{1,40}|أُرسلت من .{1,40}|मेरे .{1,30}से भेजा गया|"
    r"được gửi từ .{1,60}|đã gửi từ .{1,60}|dikirim dari .{1,60}|ส่งจาก.{1,60}"
    r")[)>\]*_\s]{0,6}$",
    re.IGNORECASE,
)
"""The line that telephones add under a mail."""


def is_mobile_signature(line: str) -> bool:
    """Whether a line is what a telephone adds by itself: such a sentence, and a device or program in it."""
    line = line[:200]
    if MOBILE_SIGNATURE.match(line) is None or (len(line) > 60 and line.lower().lstrip().startswith("this ")):
        return False
    return len(line) < 45 or _DEVICE_ANY.search(line) is not None
