"""The simulated OAuth provider, and the simulated mail servers that take its tokens."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from channels.email import probe
from channels.email.accounts import Auth, Encryption, ImapSettings, SmtpSettings
from core import clock as clocks
from core.errors import Invalid
from core.net import LOOPBACK, Networks
from core.settings import Settings
from simulator.oauth import CALLBACK, CODE_TIME, Provider, provider_of
from simulator.world import Simulator

HERE = Networks(LOOPBACK)
USER = "help@desk.test"
ASKED = {
    "response_type": "code",
    "client_id": "sampark",
    "redirect_uri": f"http://desk.test{CALLBACK}",
    "state": "s",
    "code_challenge": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",  # of an empty verifier
    "code_challenge_method": "S256",
    "login_hint": USER,
}
CLIENT = {"client_id": "sampark", "client_secret": "sampark-secret"}


def tokens(provider: Provider) -> dict[str, str]:
    """What a client gets when the owner says yes."""
    back = parse_qs(urlsplit(provider.decide(ASKED, allowed=True)).query)
    form = {
        **CLIENT,
        "grant_type": "authorization_code",
        "code": back["code"][0],
        "redirect_uri": ASKED["redirect_uri"],
    }
    status, answer = provider.token(form)
    assert status == 200, answer
    return answer


def refreshed(provider: Provider, token: str) -> tuple[int, dict[str, str]]:
    """A refresh token is used."""
    return provider.token({**CLIENT, "grant_type": "refresh_token", "refresh_token": token})


def test_a_second_use_of_a_refresh_token_ends_the_grant() -> None:
    """As real providers do it: one of the two who have it is a thief (RFC 9700, section 4.14.2)."""
    provider = Provider()
    first = tokens(provider)["refresh_token"]
    second = refreshed(provider, first)[1]["refresh_token"]
    assert refreshed(provider, first)[0] == 400
    assert refreshed(provider, second)[0] == 400


def test_tokens_and_codes_end_on_the_desk_s_clock(clock: clocks.ManualClock) -> None:
    """So that expiry can be played without waiting."""
    provider = Provider()
    access = tokens(provider)["access_token"]
    assert provider.knows(USER, access)
    assert not provider.knows("other@desk.test", access)
    clock.advance(timedelta(seconds=provider.token_seconds))
    assert not provider.knows(USER, access)
    code = parse_qs(urlsplit(provider.decide(ASKED, allowed=True)).query)["code"][0]
    clock.advance(CODE_TIME + timedelta(seconds=1))
    form = {**CLIENT, "grant_type": "authorization_code", "code": code, "redirect_uri": ASKED["redirect_uri"]}
    status, said = provider.token(form)
    assert (status, said["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "wrong", [{"client_id": "x"}, {"redirect_uri": "https://evil.test/"}, {"response_type": "token"}]
)
def test_what_is_no_request_for_consent_is_refused(wrong: dict[str, str]) -> None:
    """The page leads back to the desk and nowhere else."""
    with pytest.raises(Invalid):
        Provider().decide({**ASKED, **wrong}, allowed=True)


async def test_the_simulated_mail_servers_take_its_tokens(settings: Settings) -> None:
    """Both of them, and no others; a password still does."""
    world = Simulator(settings.model_copy(update={"simulator_smtp_port": 0, "simulator_imap_port": 0}))
    await world.start()
    try:
        good = tokens(provider_of(settings.data))["access_token"]
        for token, works in ((good, True), ("made up", False)):
            imap = ImapSettings(
                host="127.0.0.1", port=world.imap.port, user=USER, tls=Encryption.NONE, auth=Auth.OAUTH, token=token
            )
            smtp = SmtpSettings(
                host="127.0.0.1", port=world.smtp.port, user=USER, tls=Encryption.NONE, auth=Auth.OAUTH, token=token
            )
            assert (await probe.try_imap(imap, HERE, 5)).ok is works
            assert (await probe.try_smtp(smtp, USER, HERE, 5)).ok is works
        plain = ImapSettings(host="127.0.0.1", port=world.imap.port, user=USER, password="x", tls=Encryption.NONE)
        assert (await probe.try_imap(plain, HERE, 5)).ok
    finally:
        await world.stop()
