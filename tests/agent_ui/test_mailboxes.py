"""The mailboxes' settings over HTTP: what is shown, kept and refused; consent of a provider from click to grant."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from channels.email.accounts import imap_settings, oauth_settings
from channels.models import ChannelAccount
from core import clock as clocks
from core.db import Database, reading, unit_of_work
from core.events import EventRow
from core.settings import Settings
from core.vault import Vault, is_sealed
from simulator.oauth import Provider
from tests.agent_ui.conftest import Desk
from tests.channels.email import provider as providers
from tests.channels.email.peers import Sink, password_is
from tests.channels.email.test_send import serving

IMAP = {"host": "imap.desk.test", "port": 993, "user": "help", "tls": "tls", "password": "unguessable"}
SMTP = {"host": "smtp.desk.test", "port": 587, "user": "help", "tls": "starttls", "password": "unguessable"}
GIVEN = {"name": "Help", "address": "Help@desk.test", "aliases": ["hilfe@desk.test"], "imap": IMAP, "smtp": SMTP}
PAGE = "/console/settings/mailboxes"


async def made(desk: Desk, **changes: Any) -> dict[str, Any]:
    """A mailbox that was connected over the API."""
    answer = await desk.admin.http.post("/api/mailboxes", json={**GIVEN, **changes})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def stored(db: Database, mailbox_id: int) -> ChannelAccount:
    """The row."""
    async with reading(db) as session:
        found = await session.get(ChannelAccount, mailbox_id)
        assert found is not None
        return found


async def test_a_mailbox_is_connected_and_its_password_never_told(desk: Desk, db: Database) -> None:
    """The answer, the list and the page of one say that there is a password, and nothing else."""
    mailbox = await made(desk, teamId=desk.team, options={"subjectNumber": True})
    assert mailbox["address"] == "help@desk.test"
    assert mailbox["imap"]["hasPassword"]
    assert mailbox["smtp"]["hasPassword"]
    assert mailbox["options"]["subjectNumber"]
    assert mailbox["options"]["acknowledge"] == {"enabled": False, "subject": "", "html": ""}
    assert mailbox["status"] == dict.fromkeys(
        ("lastSuccessAt", "lastMailAt", "lastError", "alarm", "alarmSince")
    )  # fmt: skip
    one = await desk.admin.http.get(f"/api/mailboxes/{mailbox['id']}")
    every = await desk.admin.http.get("/api/mailboxes")
    assert one.json() == mailbox
    assert every.json() == [mailbox]
    for text in (one.text, every.text):
        assert "unguessable" not in text
        assert "sealed:" not in text
    assert is_sealed((await stored(db, mailbox["id"])).settings["imap"]["password"])


async def test_a_change_keeps_what_it_does_not_name(desk: Desk, db: Database) -> None:
    """Other fields, and the password of a server that stays."""
    mailbox = await made(desk)
    path = f"/api/mailboxes/{mailbox['id']}"
    imap = {name: value for name, value in IMAP.items() if name != "password"}
    changed = await desk.admin.http.patch(path, json={"imap": {**imap, "folder": "Support", "since": "2026-03-01"}})
    assert changed.status_code == 200, changed.text
    assert changed.json()["imap"] == {**mailbox["imap"], "folder": "Support", "since": "2026-03-01"}
    assert changed.json()["smtp"] == mailbox["smtp"]
    read = imap_settings((await stored(db, mailbox["id"])).settings, Vault("test-secret-of-the-suite"))
    assert read is not None
    assert read.password == "unguessable"
    gone = await desk.admin.http.patch(path, json={"smtp": None, "teamId": None})
    assert (gone.json()["smtp"], gone.json()["teamId"]) == (None, None)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"imap": {**IMAP, "password": None, "host": "imap.evil.test"}}, "imap.password"),
        ({"imap": {**IMAP, "port": 0}}, "imap.port"),
        ({"imap": {**IMAP, "tls": "ssl3"}}, "imap.tls"),
        ({"imap": {**IMAP, "host": "http://x"}}, "imap.host"),
        ({"imap": {**IMAP, "token": "x"}}, "imap.token"),
        ({"imap": {**IMAP, "caFile": "/etc/passwd"}}, "imap.caFile"),
        ({"smtp": {**SMTP, "perMinute": -1}}, "smtp.perMinute"),
        ({"oauth": {"provider": "google", "clientId": ""}}, "oauth.clientId"),
        ({"oauth": {"provider": "google", "clientId": "x", "refreshToken": "x"}}, "oauth.refreshToken"),
        ({"oauth": {"provider": "custom", "clientId": "x", "authorizeUrl": "https://id.test/"}}, "oauth.tokenUrl"),
        ({"options": {"silentAfterMinutes": 0}}, "options.silentAfterMinutes"),
        ({"options": {"acknowledge": {"enabled": True, "html": "<p>Hi</p>"}}}, "options.acknowledge.subject"),
        ({"address": "nobody"}, "address"),
        ({"name": ""}, "name"),
        ({"teamId": 4711}, "teamId"),
    ],
)
async def test_a_wrong_value_is_named_as_the_form_knows_it(desk: Desk, given: dict[str, Any], field: str) -> None:
    """So that the sentence stands at the field."""
    mailbox = await made(desk)
    answer = await desk.admin.http.patch(f"/api/mailboxes/{mailbox['id']}", json=given)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert "unguessable" not in answer.text


async def test_a_mailbox_is_let_go_and_taken_up_again(desk: Desk) -> None:
    """It stays in the list, at its end."""
    mailbox = await made(desk)
    await made(desk, name="Zoo", address="zoo@desk.test", aliases=[])
    gone = await desk.admin.http.post(f"/api/mailboxes/{mailbox['id']}/deactivate")
    assert (gone.status_code, gone.json()["isActive"]) == (200, False)
    assert [each["name"] for each in (await desk.admin.http.get("/api/mailboxes")).json()] == ["Zoo", "Help"]
    back = await desk.admin.http.post(f"/api/mailboxes/{mailbox['id']}/activate")
    assert back.json()["isActive"]


async def test_another_key_of_the_desk_does_not_break_the_page(desk: Desk, db: Database) -> None:
    """Administrators must be able to open it and enter the password again."""
    mailbox = await made(desk)
    async with unit_of_work(db) as session:
        account = await session.get(ChannelAccount, mailbox["id"])
        assert account is not None
        imap = {**account.settings["imap"], "password": Vault("the key before").seal("unguessable")}
        account.settings = {**account.settings, "imap": imap}
    path = f"/api/mailboxes/{mailbox['id']}"
    assert (await desk.admin.http.get(path)).status_code == 200
    tried = await desk.admin.http.post("/api/mailboxes/test", json={"id": mailbox["id"], "imap": {
        name: value for name, value in IMAP.items() if name != "password"}})  # fmt: skip
    assert tried.status_code in (200, 422)
    assert "SAMPARK_SECRET" in tried.text
    mended = await desk.admin.http.patch(path, json={"imap": IMAP})
    assert mended.status_code == 200, mended.text


async def test_servers_are_tried_as_typed_with_the_stored_password(desk: Desk, db: Database) -> None:
    """Nothing is saved by a try."""
    sink = Sink()
    options = {"authenticator": password_is(b"unguessable"), "auth_require_tls": False}
    async with serving(sink, **options) as port:
        smtp = {"host": "127.0.0.1", "port": port, "user": "help", "tls": "none", "password": "unguessable"}
        mailbox = await made(desk, imap=None, smtp=smtp)
        typed = {name: value for name, value in smtp.items() if name != "password"}
        answer = await desk.admin.http.post("/api/mailboxes/test", json={"id": mailbox["id"], "smtp": typed})
        assert answer.status_code == 200, answer.text
        assert answer.json()["imap"] is None
        assert answer.json()["smtp"]["ok"], answer.text
        wrong = await desk.admin.http.post("/api/mailboxes/test", json={"smtp": {**smtp, "password": "no"}})
        assert not wrong.json()["smtp"]["ok"]
        assert "refused the sign-in of help" in wrong.json()["smtp"]["detail"]
    assert sink.mails == []


async def test_a_try_reaches_no_network_of_our_own(desk: Desk, settings: Settings) -> None:
    """The settings of the tests trust 127.0.0.0/8, and nothing else that is private."""
    for host in ("10.0.0.1", "169.254.169.254", "[::1]"):
        imap = {**IMAP, "host": host}
        answer = (await desk.admin.http.post("/api/mailboxes/test", json={"imap": imap})).json()
        assert not answer["imap"]["ok"]
        assert "SAMPARK_TRUSTED_NETWORKS" in answer["imap"]["detail"] or host == "[::1]"
        counted = await desk.admin.http.post("/api/mailboxes/count", json={"imap": imap, "since": None})
        assert counted.status_code == 422


@pytest.mark.usefixtures("burst_only")
async def test_tries_are_limited(desk: Desk) -> None:
    """They could be used to knock at doors."""
    answers = [
        await desk.admin.http.post("/api/mailboxes/test", json={"smtp": {**SMTP, "host": "10.0.0.1"}})
        for _ in range(12)
    ]
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429


async def test_a_key_is_made_and_its_record_shown(desk: Desk, db: Database) -> None:
    """The private half is sealed and never told."""
    mailbox = await made(desk)
    path = f"/api/mailboxes/{mailbox['id']}/dkim"
    key = (await desk.admin.http.post(path, json={"selector": "Desk1"})).json()
    assert key["dnsName"] == "desk1._domainkey.desk.test"
    assert key["dnsValue"].startswith("v=DKIM1; k=rsa; p=MIIBIjANBg")
    assert (await desk.admin.http.get(f"/api/mailboxes/{mailbox['id']}")).json()["dkim"] == key
    assert is_sealed((await stored(db, mailbox["id"])).settings["dkim"]["private_key"])
    other = (await desk.admin.http.post(path, json={})).json()
    assert other["selector"] == "sampark"
    assert other["dnsValue"] != key["dnsValue"]
    refused = await desk.admin.http.post(path, json={"selector": "no dots.or spaces"})
    assert refused.json()["errors"][0]["field"] == "selector"
    assert (await desk.admin.http.delete(path)).status_code == 204
    assert (await desk.admin.http.get(f"/api/mailboxes/{mailbox['id']}")).json()["dkim"] is None


async def test_the_big_providers_are_known(desk: Desk) -> None:
    """With servers and ports, and a word on what to do there first."""
    found = {each["key"]: each for each in (await desk.admin.http.get("/api/mailboxes/presets")).json()}
    assert list(found) == ["google", "microsoft", "zoho", "yahoo", "fastmail", "icloud", "other"]
    assert found["google"]["imap"] == {"host": "imap.gmail.com", "port": 993, "tls": "tls"}
    assert found["microsoft"]["oauth"] == "microsoft"
    assert found["other"]["smtp"] is None
    assert all(each["help"] for each in found.values())


class Consent:
    """A mailbox on its way to be connected with the simulated provider."""

    def __init__(self, desk: Desk, provider: Provider, url: str) -> None:
        self.desk, self.provider, self.url = desk, provider, url

    async def begin(self) -> tuple[int, str]:
        """A mailbox, and where its owner is sent."""
        oauth = {
            "provider": "custom", "clientId": self.provider.client_id, "clientSecret": self.provider.client_secret,
            "authorizeUrl": f"{self.url}/authorize", "tokenUrl": f"{self.url}/token", "scope": "mail",
        }  # fmt: skip
        imap = {"host": "imap.desk.test", "port": 993, "user": "help@desk.test", "tls": "tls", "auth": "oauth"}
        mailbox = await made(self.desk, imap=imap, smtp=None, oauth=oauth)
        assert not mailbox["oauth"]["connected"]
        answer = await self.desk.admin.http.post(
            f"/api/mailboxes/{mailbox['id']}/oauth", headers={"Origin": "http://desk.test"}
        )
        assert answer.status_code == 200, answer.text
        return mailbox["id"], answer.json()["url"]

    async def back(self, **query: str) -> tuple[str, dict[str, str]]:
        """The owner's browser comes back; where it is sent, and with which words."""
        answer = await self.desk.admin.http.get("/api/oauth/callback", params=query)
        assert answer.status_code == 302, answer.text
        parts = urlsplit(answer.headers["location"])
        assert not parts.netloc
        return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}


@pytest.fixture
def provider() -> Provider:
    """The simulated provider."""
    return Provider()


async def test_from_click_to_grant(desk: Desk, db: Database, provider: Provider, clock: clocks.ManualClock) -> None:
    """The owner says yes, comes back, and the mailbox is connected; who did it stands in the log."""
    async with providers.serving(provider) as url:
        way = Consent(desk, provider, url)
        mailbox_id, there = await way.begin()
        back = await providers.consent(there)
        assert await way.back(**back) == (f"{PAGE}/{mailbox_id}", {"connected": "1"})
        again = await way.back(**back)
        assert again[1]["connected"] == "0"
    view = (await desk.admin.http.get(f"/api/mailboxes/{mailbox_id}")).json()
    assert view["oauth"]["connected"]
    assert view["oauth"]["hasClientSecret"]
    assert provider.client_secret not in str(view)
    settings = (await stored(db, mailbox_id)).settings
    granted = oauth_settings(settings, Vault("test-secret-of-the-suite"))
    assert granted is not None
    assert provider.introspect(granted.access_token)["username"] == "help@desk.test"
    assert granted.granted_at == clock.now()
    async with reading(db) as session:
        row = await session.scalar(EventRow.__table__.select().where(EventRow.kind == "mailbox.set_up").order_by(
            EventRow.id.desc()))  # fmt: skip
    assert row is not None


async def test_a_no_and_a_strange_way_back_are_explained(desk: Desk, provider: Provider) -> None:
    """No permission, another session's consent, none at all: the page says so, and nothing is stored."""
    async with providers.serving(provider) as url:
        way = Consent(desk, provider, url)
        mailbox_id, there = await way.begin()
        page, words = await way.back(**await providers.consent(there, "no"))
        assert (page, words["problem"]) == (f"{PAGE}/{mailbox_id}", "consent-denied")
        page, words = await way.back(state="rubbish", code="x")
        assert (page, words["problem"]) == (PAGE, "validation")
        stolen = await providers.consent(there)
        await desk.admin.sign_in()
        page, words = await way.back(**stolen)
        assert (page, words["connected"]) == (PAGE, "0")
        assert "another session" in words["detail"]
    assert not (await desk.admin.http.get(f"/api/mailboxes/{mailbox_id}")).json()["oauth"]["connected"]


async def test_a_client_that_was_changed_meanwhile_gets_no_foreign_grant(desk: Desk, provider: Provider) -> None:
    """Consent was given to another client."""
    async with providers.serving(provider) as url:
        way = Consent(desk, provider, url)
        mailbox_id, there = await way.begin()
        changed = {"provider": "google", "clientId": "other", "clientSecret": "x"}
        await desk.admin.http.patch(f"/api/mailboxes/{mailbox_id}", json={"oauth": changed})
        _, words = await way.back(**await providers.consent(there))
        assert words["problem"] == "conflict"


async def test_a_consent_without_a_provider_is_refused(desk: Desk) -> None:
    """And so is a try or a count by tokens that nobody has."""
    mailbox = await made(desk)
    answer = await desk.admin.http.post(f"/api/mailboxes/{mailbox['id']}/oauth")
    assert answer.json()["errors"][0]["field"] == "oauth.provider"
    oauth = {"provider": "google", "clientId": "x"}
    imap = {**IMAP, "auth": "oauth", "password": None}
    tried = await desk.admin.http.post("/api/mailboxes/test", json={"imap": imap, "oauth": oauth})
    assert "Save this mailbox" in tried.json()["imap"]["detail"]


async def test_mailboxes_are_listed_with_one_query(desk: Desk, count_queries: Any) -> None:
    """However many there are."""
    for number in range(3):
        await made(desk, name=f"M{number}", address=f"m{number}@desk.test", aliases=[])
    with count_queries() as queries:
        assert len((await desk.admin.http.get("/api/mailboxes")).json()) == 3
    assert len(queries) == 2  # the session, and the list
