"""The guard on the way out: connections to hosts that people typed in go to public addresses only.

Kernel module. Whoever may set up a mailbox must not be able to make the desk talk to what only the desk can reach:
its own machine, the company's network, the address where clouds hand out credentials (SSRF, OWASP A10). Every name
is resolved here, each address is checked, and the connection is made to the very address that was checked, so a name
that changes its mind in between (DNS rebinding) gains nothing. Networks of one's own are allowed by
``SAMPARK_TRUSTED_NETWORKS``.

Also the one place that says in plain words why a server cannot be reached.
"""

import asyncio
import errno
import ipaddress
import socket
import ssl
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final
from urllib.parse import urlencode

import httpx
import msgspec

from core import clock
from core.errors import Invalid, Temporary
from core.settings import Settings

LOOPBACK: Final = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
HTTP_SECONDS: Final = 15.0
LARGEST_ANSWER: Final = 65_536
"""Bytes of an HTTP answer that are read."""
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_CARRIES_IPV4: Final = (ipaddress.ip_network("2002::/16"), ipaddress.ip_network("2001::/32"))
"""6to4 (RFC 3056) and Teredo (RFC 4380): an IPv4 address of somebody's choice in disguise."""
_CERTIFICATE: Final = {
    10: "The certificate of {host} has expired.",
    18: "{host} shows a certificate that it has signed itself; nobody can tell whether it is the real {host}.",
    19: "{host} shows a certificate of an authority that is not known here.",
    20: "{host} shows a certificate of an authority that is not known here.",
    21: "{host} shows a certificate of an authority that is not known here.",
    62: "The certificate that {host} shows was made for another name. Is the server's name right?",
    64: "The certificate that {host} shows was made for another address. Is the server's name right?",
}
"""OpenSSL's reasons (X509_V_ERR_…) in plain words."""
_FORBIDDEN: Final = (
    "{where} is in a network that this desk may not connect to. Whoever runs the desk can allow it: "
    "SAMPARK_TRUSTED_NETWORKS."
)


class ForbiddenHost(Invalid):
    """The host is in a network that this desk may not connect to."""

    code, title = "forbidden-host", "This server is in a network that is not allowed"


class Unreachable(Temporary):
    """A server cannot be reached, or does not speak as it should; the sentence says why."""

    code = "unreachable"


class Networks(msgspec.Struct, frozen=True):
    """Where connections may go: to everything public, and to these networks.

    Attributes:
        allowed: private networks that are trusted all the same.
    """

    allowed: tuple[IPv4Network | IPv6Network, ...] = ()

    def trusts(self, address: str) -> bool:
        """Whether an address is in a network that was allowed by name."""
        meant = _meant(address)
        return any(meant in network for network in self.allowed if network.version == meant.version)

    def permits(self, address: str) -> bool:
        """Whether a connection may go to this address."""
        meant = _meant(address)
        if isinstance(meant, IPv6Address) and any(meant in network for network in _CARRIES_IPV4):
            return self.trusts(address)
        return (meant.is_global and not meant.is_multicast) or self.trusts(address)

    def check_peer(self, address: str) -> None:
        """Make sure that a connection may go to this address.

        Raises:
            ForbiddenHost: it may not.
        """
        if not self.permits(address):
            raise ForbiddenHost(_FORBIDDEN.format(where=address))


PUBLIC_ONLY: Final = Networks()


def networks_of(settings: Settings) -> Networks:
    """The networks that the settings allow; with the simulator also this machine, where it listens."""
    named = tuple(ipaddress.ip_network(each) for each in settings.trusted_networks)
    return Networks(named + LOOPBACK if settings.simulator else named)


def _meant(address: str) -> IPv4Address | IPv6Address:
    """The address that is really reached: IPv4 inside of IPv6 is IPv4 (RFC 4291, section 2.5.5; RFC 6052)."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return found.ipv4_mapped
        if found in _NAT64:
            return IPv4Address(int(found) & 0xFFFFFFFF)
    return found


async def resolve(host: str, port: int, networks: Networks) -> list[str]:
    """The addresses of a host that may be connected to, in the system's order of preference.

    Raises:
        ForbiddenHost: it has only addresses that may not.
        Unreachable: there is no such host.
    """
    loop = asyncio.get_running_loop()
    try:
        rows = await loop.getaddrinfo(host.strip(), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise Unreachable(why_not(problem, host, port)) from None
    found = list(dict.fromkeys(str(row[4][0]) for row in rows))
    permitted = [address for address in found if networks.permits(address)]
    if not permitted:
        raise ForbiddenHost(_FORBIDDEN.format(where=host if host == found[0] else f"{host} ({found[0]})"))
    return permitted


async def open_socket(host: str, port: int, networks: Networks, seconds: float) -> socket.socket:
    """A connected socket to a host that may be connected to; TLS and everything else is the caller's.

    Args:
        host: name or address.
        port: its port.
        networks: where connections may go.
        seconds: how long it may take altogether.

    Raises:
        ForbiddenHost: it is in a network that may not.
        Unreachable: no connection came about; the sentence says why.
    """
    ends = clock.monotonic() + seconds
    try:
        async with asyncio.timeout(seconds):
            addresses = await resolve(host, port, networks)
    except TimeoutError as problem:
        raise Unreachable(why_not(problem, host, port)) from None
    reason: OSError = OSError("no address")
    for place, address in enumerate(addresses):
        # An address that swallows everything must leave time for the ones after it.
        share = max(1.0, (ends - clock.monotonic()) / (len(addresses) - place))
        try:
            return await _connected(address, port, networks, share)
        except OSError as problem:
            reason = problem
    raise Unreachable(why_not(reason, host, port)) from None


async def _connected(address: str, port: int, networks: Networks, seconds: float) -> socket.socket:
    loop = asyncio.get_running_loop()
    family, kind, protocol, _, target = (await loop.getaddrinfo(address, port, type=socket.SOCK_STREAM))[0]
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    try:
        async with asyncio.timeout(seconds):
            await loop.sock_connect(made, target)
        networks.check_peer(str(made.getpeername()[0]))
    except BaseException:
        made.close()
        raise
    return made


def tls_context(ca_file: str = "") -> ssl.SSLContext:
    """What TLS is made with: certificates and names are checked.

    Args:
        ca_file: PEM file of an authority to trust beside the system's.

    Raises:
        Invalid: the file cannot be read, or holds no certificate.
    """
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as problem:
            raise Invalid(f"The file of the certificate authority, {ca_file}, cannot be used: {problem}") from None
    return context


def why_not(problem: BaseException, host: str, port: int) -> str:
    """Why a server cannot be used, in a sentence for the person who typed its name."""
    if isinstance(problem, (socket.gaierror, UnicodeError)):
        return f"There is no server called {host}. Is the name spelled right?"
    if isinstance(problem, ssl.SSLCertVerificationError):
        known = _CERTIFICATE.get(problem.verify_code)
        return known.format(host=host) if known else f"The certificate of {host} is not good: {problem.verify_message}."
    if isinstance(problem, ssl.SSLError):
        return f"{host} does not speak TLS on port {port}. Try another port, or another kind of encryption."
    if isinstance(problem, ConnectionRefusedError):
        return f"{host} does not answer on port {port}: the connection was refused. Is the port right?"
    if isinstance(problem, TimeoutError):
        return f"{host} did not answer on port {port} in time. A firewall may be in between, or the port is wrong."
    if isinstance(problem, ConnectionError):
        return f"{host} closed the connection on port {port}."
    if isinstance(problem, OSError) and problem.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
        return f"There is no way from here to {host}."
    return f"{host}:{port} cannot be reached: {str(problem) or type(problem).__name__}"


class _Guarded(httpx.AsyncHTTPTransport):
    """HTTP to addresses that were checked: the name is resolved here, and the connection goes to its address."""

    def __init__(self, networks: Networks) -> None:
        super().__init__(verify=tls_context(), retries=0, trust_env=False)
        self._networks = networks

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            ForbiddenHost: the host is in a network that may not, or would be talked to in clear text.
            Unreachable: there is no such host.
        """
        host = request.url.host
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        address = (await resolve(host, port, self._networks))[0]
        if request.url.scheme != "https" and not self._networks.trusts(address):
            raise ForbiddenHost(f"{host} is asked for secrets and must be reached by https.")
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)  # the header Host was written before and keeps the name
        return await super().handle_async_request(request)


def http_client(networks: Networks) -> httpx.AsyncClient:
    """A client for hosts that people typed in: no redirects, no proxies of the environment, no waiting for long."""
    return httpx.AsyncClient(transport=_Guarded(networks), timeout=HTTP_SECONDS, follow_redirects=False)


async def post_form(client: httpx.AsyncClient, url: str, fields: Iterable[tuple[str, str]]) -> tuple[int, bytes]:
    """Post a form; returns status and body.

    Raises:
        ForbiddenHost: the host is in a network that may not.
        Unreachable: no answer came, or one that is too large.
    """
    content = urlencode(list(fields)).encode()
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    return await post(client, url, content, headers)


async def post(client: httpx.AsyncClient, url: str, content: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Post some bytes; returns status and body.

    Raises:
        ForbiddenHost: the host is in a network that may not.
        Unreachable: no answer came, or one that is too large.
    """
    parts = httpx.URL(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    sent = client.stream("POST", url, content=content, headers=headers)
    try:
        async with asyncio.timeout(HTTP_SECONDS), sent as got:
            body = b""
            async for piece in got.aiter_bytes():
                body += piece
                if len(body) > LARGEST_ANSWER:
                    raise Unreachable(f"{parts.host} answers with more than makes sense.")
            return got.status_code, body
    except (TimeoutError, httpx.TimeoutException):
        raise Unreachable(why_not(TimeoutError(), parts.host, port)) from None
    except httpx.HTTPError as problem:
        raise Unreachable(why_not(cause_of(problem), parts.host, port)) from None


def cause_of(problem: BaseException) -> BaseException:
    """The operating system's or OpenSSL's own error, which lies lowest under those of a library."""
    found, below = problem, problem.__cause__ or problem.__context__
    while below is not None:
        found = below if isinstance(below, OSError) else found
        below = below.__cause__ or below.__context__
    return found
