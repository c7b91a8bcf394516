"""Mail domains that belong to everybody: two people at gmail.com are not colleagues.

Used by ``customers/service.py`` before an organisation is found or made from a mail domain.
"""

import functools
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

from publicsuffixlist import PublicSuffixList

RESERVED: Final = frozenset({"example.com", "example.net", "example.org", "sampark.localhost", "localhost"})
"""Domains of nobody (RFC 2606), and of the desk itself."""
FREE_MAIL: Final = frozenset(
    """
    aim.com aol.com arcor.de att.net bellsouth.net bigpond.com bk.ru bluewin.ch btinternet.com charter.net comcast.net
    cox.net daum.net duck.com earthlink.net email.com fastmail.com fastmail.fm foxmail.com free.fr freenet.de gmail.com
    gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hanmail.net hey.com hotmail.co.in hotmail.co.uk hotmail.com
    hotmail.de hotmail.es hotmail.fr hotmail.it hushmail.com icloud.com iinet.net.au inbox.lv inbox.ru interia.pl
    juno.com laposte.net libero.it list.ru live.co.uk live.com live.de live.fr live.in live.nl mac.com mail.com mail.ru
    mailbox.org me.com msn.com naver.com netscape.net ntlworld.com o2.pl online.de onet.pl optonline.net orange.fr
    outlook.com outlook.de outlook.es outlook.fr outlook.in pm.me posteo.de proton.me protonmail.ch protonmail.com
    qq.com rediffmail.com rocketmail.com sapo.pt sbcglobal.net seznam.cz sfr.fr shaw.ca sina.com sky.com sohu.com
    sympatico.ca t-online.de talktalk.net terra.com.br tiscali.it tutanota.com tuta.com uol.com.br verizon.net
    virgilio.it virginmedia.com wanadoo.fr web.de wp.pl yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com
    yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.in yahoo.it yandex.com yandex.ru ymail.com
    zoho.com zohomail.com 126.com 163.com
    """.split()  # noqa: SIM905 - a list of words is read and kept most easily as words
)


def organisation_domain(address: str) -> str | None:
    """The domain that names the sender's organisation, or None for free mail and nonsense.

    It is what somebody has registered: ``mail.firm.co.in`` and ``firm.co.in`` are one organisation (the Public Suffix
    List knows that ``co.in`` is none). A number is none: who writes from ``10.0.0.5`` is no colleague of ``10.1.0.5``.

    Args:
        address: a normalised mail address.
    """
    domain = address.rpartition("@")[2]
    if domain in FREE_MAIL or domain in RESERVED or _is_number(domain):
        return None
    owned: str | None = _suffixes().privatesuffix(domain)
    return owned if owned not in FREE_MAIL | RESERVED else None


def deeper(domains: Iterable[str]) -> dict[str, str]:
    """Those of the domains of organisations that lie below a registered one → that one."""
    found = {domain: organisation_domain(f"@{domain}") for domain in domains}
    return {domain: owned for domain, owned in found.items() if owned is not None and owned != domain}


def renamed(domains: Collection[str]) -> dict[str, str]:
    """Those that may simply take the name of the registered domain: nobody else has it, or could take it as well."""
    below = deeper(domains)
    taken = Counter(below.values())
    return {domain: owned for domain, owned in below.items() if taken[owned] == 1 and owned not in domains}


def _is_number(domain: str) -> bool:
    """An IP address, bare or as mail writes it (``[127.0.0.1]``): no top level domain is all digits."""
    return domain.startswith("[") or domain.rpartition(".")[2].isdecimal()


@functools.cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()  # reading the list takes some hundredths of a second: not at import
