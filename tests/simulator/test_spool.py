"""The mailbox of a soak: UIDs that outlive the server, a UIDVALIDITY that changes, and lines that are cut."""

import asyncio
import imaplib
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.imap import ImapServer
from simulator.mailboxes import Mailboxes, Switches
from simulator.spool import Spool, SpoolFolders

WHO = "help@desk.test"


def mail(number):
    """A mail that can be told from others."""
    return b"Subject: %d\r\n\r\n%s\r\n" % (number, b"x" * 2000)


@pytest.fixture
def spool(tmp_path):
    """Five mails."""
    made = Spool(tmp_path / WHO)
    for number in range(5):
        made.deliver(mail(number))
    return made


@pytest.fixture
async def server(spool, settings, tmp_path):
    """Serves the spool."""
    folders = SpoolFolders(spool)
    made = ImapServer(settings, Mailboxes(tmp_path / "none"), 0, lambda _: folders)
    await made.start()
    yield made
    await made.stop()


def read(port):
    """UIDVALIDITY, and every mail by its UID, as Python's own client sees them."""
    client = imaplib.IMAP4("127.0.0.1", port)
    try:
        client.login(WHO, "x")
        client.select("INBOX", readonly=True)
        validity = int(client.response("UIDVALIDITY")[1][0])
        uids = client.uid("search", "UID 1:*")[1][0].split()
        return validity, {int(uid): client.uid("fetch", uid.decode(), "(BODY.PEEK[])")[1][0][1] for uid in uids}
    finally:
        client.shutdown()


async def test_every_mail_is_given_out_as_it_is(server, spool):
    """Byte for byte, in order, also those that come while it is served."""
    _, mails = await asyncio.to_thread(read, server.port)
    assert list(mails.values()) == [mail(number) for number in range(5)]
    spool.deliver(mail(5))
    _, mails = await asyncio.to_thread(read, server.port)
    assert mails[spool.last_uid()] == mail(5)


async def test_a_line_is_cut_in_the_middle_of_a_mail_once(server):
    """The client sees an abrupt end; the next connection works."""
    told = []
    server.on_cut = lambda: told.append(True)
    server.cut_after = 700
    with pytest.raises((imaplib.IMAP4.abort, OSError)):
        await asyncio.to_thread(read, server.port)
    assert told == [True]
    _, mails = await asyncio.to_thread(read, server.port)
    assert len(mails) == 5


def test_renumbering_gives_every_mail_another_uid(spool, tmp_path):
    """No UID of before is used again, the order is another, and what comes later goes on from there."""
    before = list(range(1, 6))
    assert spool.order() == [tmp_path / WHO / f"{number:08}.eml" for number in before]
    spool.renumber(seed=3)
    spool.deliver(mail(5))
    again = Spool(tmp_path / WHO)
    assert again.numbering().uidvalidity == Spool(tmp_path / "other").numbering().uidvalidity + 1
    assert again.last_uid() - again.count > max(before)
    assert sorted(again.order()) == [tmp_path / WHO / f"{number:08}.eml" for number in range(1, 7)]
    assert again.order()[:5] != sorted(again.order()[:5])
    assert again.order()[5].name == "00000006.eml"


def test_the_server_forgets_nothing_when_it_is_killed(spool, tmp_path):
    """The same mails under the same UIDs after kill -9; under new ones after a renumbering."""

    def served():
        command = [sys.executable, "-m", "simulator.spool_server", str(tmp_path), "0"]
        root = Path(__file__).resolve().parents[2]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root)
        try:
            return read(int(process.stdout.readline().split()[1]))
        finally:
            process.kill()
            process.communicate()

    first = served()
    assert served() == first
    spool.renumber(seed=1)
    validity, mails = served()
    assert validity == first[0] + 1
    assert sorted(mails.values()) == sorted(first[1].values())
    assert not set(mails) & set(first[1])


async def test_a_mailbox_can_refuse_every_sign_in(settings, tmp_path):
    """As after a change of its password; and let people in again."""
    mailboxes = Mailboxes(tmp_path / "world")
    mailboxes.deliver(WHO, mail(1))
    server = ImapServer(settings, mailboxes, 0)
    await server.start()
    try:
        mailboxes.switch(WHO, Switches(refuses=True))
        with pytest.raises(imaplib.IMAP4.error):
            await asyncio.to_thread(read, server.port)
        mailboxes.switch(WHO, Switches())
        _, mails = await asyncio.to_thread(read, server.port)
        assert list(mails.values()) == [mail(1)]
    finally:
        await server.stop()
