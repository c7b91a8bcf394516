"""The guard on the way out: which addresses are reached, and how a refusal reads."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest

from core import net, settings
from core.errors import StartError
from core.net import PUBLIC_ONLY, ForbiddenHost, Networks, Unreachable

HERE = Networks(net.LOOPBACK)


@contextlib.asynccontextmanager
async def answering(answer: bytes = b"") -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server on this machine that keeps what it is sent, and answers everybody the same."""
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer:
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
        else:
            heard.append(await reader.read(1))
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.2.1", "224.0.0.1", "239.1.1.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fd12::1", "ff02::1", "ff0e::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)  # fmt: skip
def test_private_addresses_in_every_disguise_are_refused(address: str) -> None:
    """Loopback, private, link-local (cloud credentials), multicast, and IPv4 wrapped in IPv6."""
    with pytest.raises(ForbiddenHost, match="SAMPARK_TRUSTED_NETWORKS"):
        PUBLIC_ONLY.check_peer(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_permitted(address: str) -> None:
    """What everybody may reach, the desk may reach."""
    PUBLIC_ONLY.check_peer(address)


def test_a_trusted_network_is_permitted_and_its_neighbour_is_not() -> None:
    """Also when its address comes wrapped in IPv6."""
    company = Networks((ip_network("10.1.0.0/16"), ip_network("fd00:1::/32")))
    assert company.permits("10.1.2.3")
    assert company.permits("::ffff:10.1.2.3")
    assert company.permits("fd00:1::5")
    assert not company.permits("10.2.0.1")
    assert not company.permits("127.0.0.1")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", " 127.0.0.1 "])
async def test_a_connection_to_ourselves_is_never_made(host: str) -> None:
    """However the address is written: nothing is even connected."""
    async with answering() as (port, heard):
        with pytest.raises(ForbiddenHost):
            await net.open_socket(host, port, PUBLIC_ONLY, 2)
        await asyncio.sleep(0)
    assert heard == []


async def test_a_name_that_changes_its_mind_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was checked is the one that is connected to; a later answer of DNS is not asked for."""
    asked: list[object] = []
    loop = asyncio.get_running_loop()

    async def getaddrinfo(host: str, port: int, **_: object) -> list[object]:
        asked.append(host)
        address = "127.0.0.1" if host != "rebind.test" or len(asked) > 1 else "203.0.114.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address if host == "rebind.test" else host, port))]

    connected: list[object] = []

    async def sock_connect(_: socket.socket, target: object) -> None:
        connected.append(target)
        raise ConnectionRefusedError

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(loop, "sock_connect", sock_connect)
    with pytest.raises(Unreachable):
        await net.open_socket("rebind.test", 993, PUBLIC_ONLY, 2)
    assert connected == [("203.0.114.1", 993)]
    assert asked.count("rebind.test") == 1


async def test_where_a_connection_ended_up_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if the first check were passed by, no secret would be sent."""
    async with answering() as (port, heard):

        async def resolve(*_: object) -> list[str]:
            return ["127.0.0.1"]

        monkeypatch.setattr(net, "resolve", resolve)
        with pytest.raises(ForbiddenHost):
            await net.open_socket("mail.test", port, PUBLIC_ONLY, 2)
        await asyncio.sleep(0.01)
    assert heard in ([], [b""])


async def test_a_trusted_server_is_reached() -> None:
    """The same server, allowed by name of its network."""
    async with answering() as (port, _):
        made = await net.open_socket("127.0.0.1", port, HERE, 2)
        made.close()


async def test_failures_read_as_sentences() -> None:
    """What an administrator can do something about is said in words."""
    with pytest.raises(Unreachable, match="no server called mail.nowhere.invalid"):
        await net.open_socket("mail.nowhere.invalid", 993, HERE, 5)
    with pytest.raises(Unreachable, match="no server called"):
        await net.open_socket("a" * 70 + ".test", 993, HERE, 5)
    with pytest.raises(Unreachable, match="was refused"):
        await net.open_socket("127.0.0.1", 1, HERE, 2)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (TimeoutError(), "in time"),
        (ConnectionResetError(), "closed the connection"),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "does not speak TLS on port 993"),
        (OSError(113, "No route to host"), "no way"),
        (OSError(9, "odd"), "odd"),
    ],
)
def test_every_reason_has_words(problem: OSError, words: str) -> None:
    """None of them is a code."""
    assert words in net.why_not(problem, "mail.test", 993)


async def test_http_goes_to_the_checked_address_with_the_right_name() -> None:
    """The name is in the header Host; the connection goes to the address."""
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") as (port, heard):
        async with net.http_client(HERE) as client:
            status, body = await net.post_form(client, f"http://localhost:{port}/token", [("code", "a b")])
    assert (status, body) == (200, b"ok")
    assert f"host: localhost:{port}".encode() in heard[0].lower()


async def test_http_refuses_our_own_network() -> None:
    """A token end point may not be the desk's own machine."""
    async with net.http_client(PUBLIC_ONLY) as client:
        with pytest.raises(ForbiddenHost):
            await net.post_form(client, "https://127.0.0.1/token", [])


async def test_secrets_go_by_https(monkeypatch: pytest.MonkeyPatch) -> None:
    """In clear text only within a trusted network."""

    async def resolve(*_: object) -> list[str]:
        return ["203.0.114.1"]

    monkeypatch.setattr(net, "resolve", resolve)
    async with net.http_client(HERE) as client:
        with pytest.raises(ForbiddenHost, match="https"):
            await net.post_form(client, "http://login.test/token", [])


async def test_http_follows_no_redirect_and_reads_no_flood() -> None:
    """A redirect could lead where we may not go; an endless answer could fill the memory."""
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    async with answering(moved) as (port, heard), net.http_client(HERE) as client:
        assert (await net.post_form(client, f"http://127.0.0.1:{port}/", []))[0] == 302
        assert len(heard) == 1
    flood = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000
    async with answering(flood) as (port, _), net.http_client(HERE) as client:
        with pytest.raises(Unreachable, match="more than makes sense"):
            await net.post_form(client, f"http://127.0.0.1:{port}/", [])


async def test_an_http_server_that_is_not_there_is_told_in_words() -> None:
    """The library's own words stay out of the settings screen."""
    async with net.http_client(HERE) as client:
        with pytest.raises(Unreachable, match="was refused"):
            await net.post_form(client, "http://127.0.0.1:1/token", [])


def test_networks_come_from_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comma separated; the simulator adds this machine; a slip is named at start."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAMPARK_TRUSTED_NETWORKS", "10.0.0.0/8, fd00::/8")
    assert net.networks_of(settings.load()).permits("10.9.9.9")
    assert not net.networks_of(settings.load()).permits("127.0.0.1")
    assert net.networks_of(settings.load(simulator=True)).permits("127.0.0.1")
    monkeypatch.setenv("SAMPARK_TRUSTED_NETWORKS", "10.0.0.1/8")
    with pytest.raises(StartError, match="SAMPARK_TRUSTED_NETWORKS"):
        settings.load()


async def test_an_ipv6_address_is_reached_over_http() -> None:
    """Brackets and all."""
    client = net.http_client(PUBLIC_ONLY)
    with pytest.raises(ForbiddenHost, match="::1"):
        await client.get(httpx.URL("https://[::1]:444/x"))
    await client.aclose()
