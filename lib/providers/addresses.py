"""Where a connection may lead. An address that a user typed must not reach this machine or its cloud's own services.

The name is looked up once and that very address is connected to: a name that answers differently the second time (DNS
rebinding) gains nothing. Private networks are allowed, as teams run services there. Rules: OWASP ASVS 5.0, V13.2.4/5.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import httpcore2

from lib.providers.errors import ForbiddenAddress

METADATA = tuple(
    ip_network(range_)
    for range_ in (
        "100.100.100.200/32",  # Alibaba Cloud
        "168.63.129.16/32",  # Azure's wire server
        "192.0.0.192/32",  # Oracle Cloud
        "fd00:ec2::254/128",  # Amazon
        "fd20:ce::254/128",  # Google
    )
)
"""Metadata services that are not link-local, as their vendors document them; 169.254.169.254 is link-local."""
NAT64 = ip_network("64:ff9b::/96")
"""IPv6 addresses that stand for the IPv4 address in their last 32 bits (RFC 6052)."""


def is_forbidden(address: str) -> bool:
    """Tell whether an IP address is loopback, link-local, a metadata service, or no place to connect to at all."""
    found = _plain(ip_address(address.partition("%")[0]))
    odd = found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast
    return odd or any(found in network for network in METADATA if network.version == found.version)


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one wraps, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def check(url: str, title: str = "") -> None:
    """Refuse a URL whose host is, or now resolves to, a forbidden address, and one that is no web address.

    Raises:
        ForbiddenAddress: it may not be connected to.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise ForbiddenAddress(service=title or url, detail=url)
    try:
        addresses = _look_up(parts.hostname, parts.port or 443)
    except OSError:
        return  # it leads nowhere now; what it leads to later is checked when it is connected to
    if any(map(is_forbidden, addresses)):
        raise ForbiddenAddress(service=title or parts.hostname, detail=parts.hostname)


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_rest, address in found]


class GuardedNetwork(httpcore2.NetworkBackend):
    """Connects to allowed addresses only, and to the very one that was checked."""

    def __init__(self) -> None:
        self._network = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Look the host up, refuse what is forbidden, connect to what was found."""
        try:
            addresses = _look_up(host, port)
        except OSError as problem:
            raise httpcore2.ConnectError(str(problem)) from problem
        if not addresses or any(map(is_forbidden, addresses)):
            raise httpcore2.ConnectError(f"{host} is an address that may not be reached from here")
        return self._network.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    def connect_unix_socket(self, *_path: Any, **_options: Any) -> httpcore2.NetworkStream:
        """Refuse: no service lives there."""
        raise httpcore2.ConnectError("sockets of this machine may not be reached")

    def sleep(self, seconds: float) -> None:
        """Wait between tries, as the pool asks for."""
        self._network.sleep(seconds)
