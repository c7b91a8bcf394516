"""The mailbox against a real Dovecot, pymap, and servers that misbehave on purpose: every guard holds."""

import asyncio
import contextlib
import imaplib
from datetime import date

import pytest

from channels.email.accounts import Encryption, ImapSettings
from channels.email.imap_client import MailboxLost, MailboxRefused, SignInRefused
from channels.email.mailbox import Mailbox
from core.net import LOOPBACK, Networks
from simulator.imap import ImapServer
from simulator.mailboxes import Mailboxes
from tests.channels.email.dovecot import PASSWORD
from tests.channels.email.peers import Scripted

MAIL = b"From: a@b.c\r\nSubject: * sale * 50% {12}\r\n\r\n* 1 FETCH (\r\n)\r\nA1 OK done\r\n{5}\r\n"
never = asyncio.Event()


class Box:
    """A user's mailbox as any mail program fills it (blocking)."""

    def __init__(self, dovecot) -> None:
        self.dovecot = dovecot
        self.user = dovecot.fresh()

    def add(self, *mails: bytes, folder: str = "INBOX") -> None:
        """Append mails."""
        with self.session() as client:
            client.create(folder)
            for mail in mails:
                status, told = client.append(folder, None, None, mail)
                assert status == "OK", told

    @contextlib.contextmanager
    def session(self):
        """Python's own client, signed in."""
        with imaplib.IMAP4("127.0.0.1", self.dovecot.port) as client:
            client.login(self.user, PASSWORD)
            yield client

    def settings(self, **changes) -> ImapSettings:
        """How we read it."""
        given = {
            "host": "127.0.0.1",
            "port": self.dovecot.port,
            "user": self.user,
            "password": PASSWORD,
            "tls": Encryption.NONE,
        }
        return ImapSettings(**{**given, **changes})


@pytest.fixture
def box(dovecot) -> Box:
    """An empty mailbox."""
    return Box(dovecot)


@contextlib.asynccontextmanager
async def opened(settings: ImapSettings, timeout: float = 5):
    """A mailbox that is connected and selected."""
    mailbox = Mailbox(settings, timeout, Networks(LOOPBACK))
    await mailbox.connect()
    try:
        await mailbox.select()
        yield mailbox
    finally:
        await mailbox.close()


@pytest.mark.peer
async def test_mails_are_read_byte_for_byte_and_leave_no_trace(box):
    """Bodies are literals (what looks like protocol inside them is harmless), and nothing becomes seen."""
    mails = [MAIL, b"Subject: 2\r\n\r\n" + bytes(range(1, 256)).replace(b"\r", b"").replace(b"\n", b"") + b"\r\n"]
    box.add(*mails)
    async with opened(box.settings()) as mailbox:
        uids = await mailbox.uids_after(0)
        facts = await mailbox.facts(uids)
        assert [await mailbox.content(uid, facts[uid].size) for uid in uids] == mails
        assert [facts[uid].size for uid in uids] == [len(mail) for mail in mails]
        assert (await mailbox.headers(uids[0])).endswith(b"50% {12}\r\n\r\n")
    with box.session() as client:
        client.select(readonly=True)
        assert client.search(None, "UNSEEN")[1][0].split() == [b"1", b"2"]


@pytest.mark.peer
async def test_the_last_mail_is_not_news(box):
    """The range n:* names the last mail also below n; the answer is filtered."""
    box.add(MAIL, MAIL)
    async with opened(box.settings()) as mailbox:
        assert await mailbox.uids_after(0) == [1, 2]
        assert await mailbox.uids_after(1) == [2]
        assert await mailbox.uids_after(2) == []
        assert await mailbox.uids_after(900) == []


@pytest.mark.peer
async def test_a_mail_that_is_gone_is_none(box):
    """Deleted between search and fetch."""
    box.add(MAIL)
    async with opened(box.settings()) as mailbox:
        assert await mailbox.content(77, 100) is None
        assert await mailbox.facts([77]) == {}


@pytest.mark.peer
async def test_thousands_of_mails_do_not_break_the_parser(box):
    """Fault 1: the library's recursion. Asked for in batches, and a flood from outside is fed in pieces."""
    with box.session() as client:
        for _ in range(3):
            client.append("INBOX", None, None, b"Subject: x\r\n\r\n")
        client.select()
        for _ in range(9):
            client.copy("1:*", "INBOX")
            client.noop()
    async with opened(box.settings(), timeout=20) as mailbox:
        uids = await mailbox.uids_after(0)
        assert len(uids) == 1536
        assert len(await mailbox.facts(uids)) == 1536
        waiting = asyncio.create_task(mailbox.wait(never.wait()))
        await asyncio.sleep(0.2)

        def flood():
            with box.session() as client:
                client.select()
                client.store("1:*", "+FLAGS", "\\Flagged")

        await asyncio.to_thread(flood)
        assert await asyncio.wait_for(waiting, 10)
        assert len(await mailbox.uids_after(0)) == 1536


@pytest.mark.peer
async def test_idle_is_told_of_new_mail_and_ends_when_asked(box):
    """Push, and the renewal without news."""
    async with opened(box.settings()) as mailbox:
        assert mailbox.tells
        over = asyncio.Event()
        waiting = asyncio.create_task(mailbox.wait(over.wait()))
        await asyncio.sleep(0.1)
        await asyncio.to_thread(box.add, MAIL)
        assert await asyncio.wait_for(waiting, 20)
        await mailbox.select()
        over.set()
        assert not await mailbox.wait(over.wait())
        assert await mailbox.uids_after(0) == [1]


@pytest.mark.peer
async def test_news_between_two_idles_is_not_lost(box):
    """A mail that comes while we fetch is told then, and the library drops it: waiting must end at once."""
    box.add(MAIL)
    async with opened(box.settings()) as mailbox:
        await asyncio.to_thread(box.add, MAIL)
        await mailbox.content(1, 10)
        await mailbox.uids_after(0)
        assert await asyncio.wait_for(mailbox.wait(never.wait()), 20)


@pytest.mark.peer
async def test_being_thrown_out_during_idle_wakes_us_at_once(box, dovecot):
    """Fault 2: the library never tells those who wait."""
    async with opened(box.settings()) as mailbox:
        waiting = asyncio.create_task(mailbox.wait(never.wait()))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(dovecot.kick, box.user)
        with pytest.raises(MailboxLost):
            await asyncio.wait_for(waiting, 20)
        with pytest.raises(MailboxLost):
            await mailbox.uids_after(0)


@pytest.mark.peer
@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"user": "nobody"}, {"token": "expired"}])
async def test_a_refused_sign_in_says_so(box, changes):
    """Fault 4: a bad OAuth token is a clear refusal with the server's words, not a silence."""
    with pytest.raises(SignInRefused, match=r"127\.0\.0\.1 refused the sign-in of .*(?i:fail|invalid|error)"):
        async with opened(box.settings(**changes)):
            pass


@pytest.mark.peer
async def test_names_and_passwords_in_any_letters(box, dovecot):
    """Quotes and backslashes are in every test's password; other scripts go by SASL."""
    async with opened(box.settings(user="लेखा", password="पासवर्ड")) as mailbox:
        assert await mailbox.uids_after(0) == []


@pytest.mark.peer
@pytest.mark.parametrize("kind", [Encryption.TLS, Encryption.STARTTLS])
async def test_encrypted_connections(box, dovecot, certificate, kind):
    """With a trusted certificate they work; with an unknown one nothing is said, least of all the password."""
    box.add(MAIL)
    port = dovecot.tls_port if kind is Encryption.TLS else dovecot.port
    async with opened(box.settings(tls=kind, port=port, ca_file=str(certificate / "cert.pem"))) as mailbox:
        assert await mailbox.content(1, 10) == MAIL
        assert mailbox.tells
    with pytest.raises(MailboxLost, match=r"(?i)certificate|encrypted"):
        async with opened(box.settings(tls=kind, port=port)):
            pass


@pytest.mark.peer
@pytest.mark.parametrize("folder", ["Sub folder", "हिन्दी & Co", 'With "quotes"'])
async def test_folders_of_any_name(box, folder):
    """Quoted, and in IMAP's own UTF-7."""
    with pytest.raises(MailboxRefused):
        async with opened(box.settings(folder=folder)):
            pass
    coded = {"हिन्दी & Co": "&CTkJPwkoCU0JJglA- &- Co"}.get(folder, folder).replace('"', '\\"')
    await asyncio.to_thread(box.add, MAIL, folder=f'"{coded}"')
    async with opened(box.settings(folder=folder)) as mailbox:
        assert await mailbox.uids_after(0) == [1]


@pytest.mark.peer
async def test_mails_since_a_day(box):
    """By the day on which the server received them."""
    with box.session() as client:
        client.append("INBOX", None, '"05-Jan-2026 10:00:00 +0000"', MAIL)
        client.append("INBOX", None, '"07-Mar-2026 10:00:00 +0000"', MAIL)
    async with opened(box.settings()) as mailbox:
        assert await mailbox.uids_since(date(2026, 3, 1)) == [2]
        assert await mailbox.uids_since(date(2026, 1, 5)) == [1, 2]


@pytest.mark.peer
async def test_a_large_mail(box):
    """25 MB in one piece."""
    mail = b"Subject: big\r\n\r\n" + (b"x" * 998 + b"\r\n") * 25_000
    box.add(mail)
    async with opened(box.settings(), timeout=30) as mailbox:
        assert await mailbox.content(1, len(mail)) == mail


async def test_pymap_is_read_as_well(settings, tmp_path):
    """Another server, which shows new mail only when asked again."""
    mailboxes = Mailboxes(tmp_path / "world")
    mailboxes.deliver("desk@example.com", MAIL)
    server = ImapServer(settings, mailboxes, port=0)
    await server.start()
    try:
        chosen = ImapSettings(
            host="127.0.0.1", port=server.port, user="desk@example.com", password="demo", tls=Encryption.NONE
        )
        async with opened(chosen) as mailbox:
            (uid,) = await mailbox.uids_after(0)
            assert await mailbox.content(uid, 10) == MAIL
            mailboxes.deliver("desk@example.com", b"Subject: 2\r\n\r\n")
            assert await asyncio.wait_for(mailbox.wait(never.wait()), 10)
            await mailbox.select()
            assert len(await mailbox.uids_after(uid)) == 1
    finally:
        await server.stop()


class Imap:
    """A scripted IMAP server: answers the usual, and lets a test answer the rest."""

    def __init__(self, **answers) -> None:
        self.answers = {
            b"CAPABILITY": b"* CAPABILITY IMAP4rev1 IDLE\r\n{tag} OK done\r\n",
            b"LOGIN": b"{tag} OK done\r\n",
            b"SELECT": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 2] ok\r\n{tag} OK done\r\n",
            **{name.encode(): answer for name, answer in answers.items()},
        }
        self.heard: list[bytes] = []

    async def __call__(self, reader, writer):
        """Talk."""
        writer.write(b"* OK hello\r\n")
        while line := await reader.readline():
            self.heard.append(line)
            tag, _, rest = line.strip().partition(b" ")
            words = rest.split()
            name = words[1] if words[:1] == [b"UID"] else (words or [tag])[0]
            answer = self.answers.get(name.upper())
            if answer is None:
                return
            writer.write(answer.replace(b"{tag}", tag))


def scripted(port: int, **changes) -> ImapSettings:
    """Settings for a scripted server."""
    return ImapSettings(
        **{"host": "127.0.0.1", "port": port, "user": "u", "password": "p", "tls": Encryption.NONE, **changes}
    )


@pytest.mark.parametrize("command", ["CAPABILITY", "LOGIN", "SELECT", "SEARCH", "FETCH", "IDLE"])
@pytest.mark.parametrize("silent", [True, False])
async def test_silence_and_hanging_up_never_hang_us(command, silent):
    """Faults 2 and 3: at whatever command the server falls silent or hangs up, the call ends with MailboxLost."""
    answers = {"SEARCH": b"* SEARCH 1\r\n{tag} OK done\r\n", command: b"" if silent else None}
    async with Scripted(Imap(**answers)) as server:
        with pytest.raises(MailboxLost):
            async with asyncio.timeout(8):
                async with opened(scripted(server.port), timeout=0.4) as mailbox:
                    await mailbox.uids_after(0)
                    await mailbox.content(1, 10)
                    await mailbox.wait(never.wait())
                    pytest.fail("the silence was not noticed")


async def _answer_fetch(answer: bytes):
    async with Scripted(Imap(FETCH=answer)) as server:
        async with opened(scripted(server.port), timeout=10) as mailbox:
            return await mailbox.content(7, 10)


async def test_bodies_in_every_legal_form():
    """Literal with the UID before or after it, quoted string, other news between."""
    assert await _answer_fetch(b"* 1 FETCH (UID 7 BODY[] {3}\r\nabc)\r\n{tag} OK x\r\n") == b"abc"
    assert await _answer_fetch(b"* 1 FETCH (BODY[] {3}\r\nabc UID 7)\r\n{tag} OK x\r\n") == b"abc"
    assert await _answer_fetch(b'* 1 FETCH (UID 7 BODY[] "a\\"b")\r\n{tag} OK x\r\n') == b'a"b'
    assert await _answer_fetch(b"* 2 EXISTS\r\n* 1 FETCH (UID 7 BODY[] {0}\r\n)\r\n{tag} OK x\r\n") == b""
    assert await _answer_fetch(b"{tag} OK x\r\n") is None


async def test_a_body_that_is_withheld_is_not_a_mail_that_is_gone():
    """NIL and NO are refusals, so that no mail is passed over in silence."""
    for answer in (b"* 1 FETCH (UID 7 BODY[] NIL)\r\n{tag} OK x\r\n", b"{tag} NO [SERVERBUG] corrupt\r\n"):
        with pytest.raises(MailboxRefused):
            await _answer_fetch(answer)


async def test_news_told_in_another_answer_is_not_lost():
    """EXISTS comes once, with the answer to FETCH; the server has nothing to add when we wait."""
    imap = Imap(FETCH=b"* 2 EXISTS\r\n{tag} OK done\r\n", IDLE=b"+ idling\r\n")
    async with Scripted(imap) as server:
        async with opened(scripted(server.port), timeout=10) as mailbox:
            assert await mailbox.content(7, 10) is None
            assert await asyncio.wait_for(mailbox.wait(never.wait()), 10)


async def test_oauth_refusal_with_a_challenge():
    """As Google and Microsoft do it: the error comes as a challenge that must be answered first."""
    challenge = b"eyJzdGF0dXMiOiI0MDAifQ=="

    async def talk(reader, writer):
        writer.write(b"* OK hello\r\n")
        while line := await reader.readline():
            tag, _, rest = line.strip().partition(b" ")
            if rest == b"CAPABILITY":
                writer.write(b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR\r\n" + tag + b" OK x\r\n")
            else:
                writer.write(b"+ " + challenge + b"\r\n")
                assert await reader.readline() == b"\r\n"
                writer.write(tag + b" NO AUTHENTICATE failed.\r\n")

    async with Scripted(talk) as server:
        with pytest.raises(SignInRefused, match='"status":"400"'):
            async with opened(scripted(server.port, token="expired"), timeout=10):
                pass


async def test_sign_in_where_the_first_answer_may_not_come_early():
    """A server without SASL-IR asks first (RFC 3501)."""
    heard = []

    async def talk(reader, writer):
        writer.write(b"* OK hello\r\n")
        while line := await reader.readline():
            tag, _, rest = line.strip().partition(b" ")
            if rest == b"CAPABILITY":
                writer.write(b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\n" + tag + b" OK x\r\n")
            elif rest == b"AUTHENTICATE XOAUTH2":
                writer.write(b"+ \r\n")
                heard.append(await reader.readline())
                writer.write(tag + b" OK in\r\n")
            elif rest.startswith(b"SELECT"):
                writer.write(b"* OK [UIDVALIDITY 7] ok\r\n" + tag + b" OK done\r\n")

    async with Scripted(talk) as server:
        async with opened(scripted(server.port, token="good"), timeout=10):
            pass
    assert heard == [b"dXNlcj11AWF1dGg9QmVhcmVyIGdvb2QBAQ==\r\n"]


async def test_a_server_that_is_not_there():
    """Connection refused names the server."""
    async with Scripted(Imap()) as server:
        port = server.port
    with pytest.raises(MailboxLost, match=str(port)):
        async with opened(scripted(port)):
            pass


async def test_starttls_is_never_skipped():
    """A server that offers none hears no password."""
    imap = Imap()
    async with Scripted(imap) as server:
        with pytest.raises(MailboxLost, match="STARTTLS"):
            async with opened(scripted(server.port, tls=Encryption.STARTTLS), timeout=10):
                pass
    assert not any(b"LOGIN" in line for line in imap.heard)
