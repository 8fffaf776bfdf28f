"""Where webhooks may go: public addresses only, checked when one is registered and at the moment of each delivery, and then
connected to by number.

Resolving once, checking, and connecting by name would let a second DNS answer lead inside; a redirect would too, so none is followed.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

Resolve = Callable[[str, int], Awaitable[list[str]]]
_VISIBLE_ASCII = re.compile(r"[!-~]+")
HTTPS_PORT = 443
HTTP_PORT = 80


class EndpointRefusedError(Exception):
    """The endpoint is none that a webhook may be sent to."""

    def __init__(self, url: str, detail: str) -> None:
        super().__init__(f"{detail}: {url}")
        self.url = url
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Target:
    """A checked endpoint: connect to `connect_url`, name `host` in the Host header and in TLS."""

    connect_url: str
    host: str
    host_header: str


async def checked_target(url: str, *, are_private_allowed: bool, resolve: Resolve) -> Target:
    """Resolve an endpoint and check every address it has.

    Args:
        url: http or https.
        are_private_allowed: also loopback and private networks, and plain http.
        resolve: gives the addresses of a host name.

    Raises:
        EndpointRefusedError: wrong scheme, credentials in the URL, no address, or one that is not public.
    """
    parts, given_port = _parts(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise EndpointRefusedError(url, "not a web address")
    if parts.scheme == "http" and not are_private_allowed:
        raise EndpointRefusedError(url, "https is required")
    if parts.username or parts.password:
        raise EndpointRefusedError(url, "credentials in the address")
    port = given_port or (HTTPS_PORT if parts.scheme == "https" else HTTP_PORT)
    addresses = await resolve(parts.hostname, port)
    if not addresses:
        raise EndpointRefusedError(url, "the host has no address")
    if not are_private_allowed:
        for address in addresses:
            _require_public(url, address)
    return _target(parts, addresses[0], port)


def _parts(url: str) -> tuple[SplitResult, int | None]:
    """The address taken apart, and the port it names."""
    if not _VISIBLE_ASCII.fullmatch(url):
        raise EndpointRefusedError(url, "not a web address of visible ASCII characters")
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError:
        raise EndpointRefusedError(url, "not a web address") from None


async def system_resolve(host: str, port: int) -> list[str]:
    """Addresses by the system's resolver, empty where there are none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        # UnicodeError: a name with an empty or an endless part.
        return []
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _require_public(url: str, address: str) -> None:
    number: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.split("%")[0])
    if isinstance(number, ipaddress.IPv6Address):
        if number.is_site_local:
            raise EndpointRefusedError(url, f"{address} is not a public address")
        # Addresses that lead to an IPv4 address are judged by it.
        number = number.ipv4_mapped or number.sixtofour or number
    if not number.is_global or number.is_multicast or number.is_reserved:
        raise EndpointRefusedError(url, f"{address} is not a public address")


def _target(parts: SplitResult, address: str, port: int) -> Target:
    assert parts.hostname is not None
    literal = f"[{address}]" if ":" in address else address
    path = parts.path or "/"
    query = f"?{parts.query}" if parts.query else ""
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    host_header = name if parts.port is None else f"{name}:{parts.port}"
    return Target(f"{parts.scheme}://{literal}:{port}{path}{query}", parts.hostname, host_header)
