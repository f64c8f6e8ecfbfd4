"""Which addresses may be called: guard against requests to internal services.

A host name is resolved once, every address it stands for is judged, and the
connection is made to exactly the address that was judged. So a name server that
changes its mind between check and use (DNS rebinding) gains nothing.
"""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from .errors import AddressRefused

DEFAULT_PORTS = {"http": 80, "https": 443}
#: IPv6 ranges that carry an IPv4 address in their last 32 bits.
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Resolver = Callable[..., list]


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """What an administrator allows for one connection.

    ``private_hosts`` are host names (or IP addresses) that may lie in private
    or loopback networks, for systems on the own premises. Link-local addresses,
    where clouds keep their metadata services, stay refused even then.
    """

    allow_http: bool = False
    private_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Target:
    """A judged destination. ``address`` is the only IP that may be connected."""

    scheme: str
    host: str
    port: int
    address: str

    @property
    def origin(self):
        """Scheme, host and port: what a redirect must not leave."""
        return self.scheme, self.host, self.port


def resolve(
    url: str, policy: AddressPolicy, resolver: Resolver = socket.getaddrinfo
) -> Target:
    """Judge ``url`` and return where to connect.

    :raises AddressRefused: scheme, host, port or one of its addresses is refused
    """
    scheme, host, port = split_origin(url)
    if scheme == "http" and not policy.allow_http:
        raise AddressRefused("Only https is allowed.")
    try:
        found = resolver(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise AddressRefused(f"The host name {host} is unknown.") from None
    addresses = list(dict.fromkeys(entry[4][0] for entry in found))
    if not addresses:
        raise AddressRefused(f"The host name {host} is unknown.")
    for address in addresses:
        _judge(address, host in policy.private_hosts)
    return Target(scheme, host, port, addresses[0])


def split_origin(url: str) -> tuple[str, str, int]:
    """Return scheme, lower-case host and port of ``url``.

    :raises AddressRefused: not an absolute http(s) URL, or it holds credentials
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise AddressRefused("The address is malformed.") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise AddressRefused("It must begin with https://.")
    if not parts.hostname:
        raise AddressRefused("It has no host name.")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("User name and password do not belong into it.")
    host = parts.hostname.rstrip(".").lower()
    return parts.scheme, host, port or DEFAULT_PORTS[parts.scheme]


def _judge(text, private_allowed):
    address = _embedded(ipaddress.ip_address(text.split("%")[0]))
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        raise AddressRefused("It points to a link-local or multicast network.")
    if not address.is_global and not private_allowed:
        raise AddressRefused(
            "It points to a private network. An administrator can allow this."
        )


def _embedded(address):
    """Return the IPv4 address an IPv6 address stands for, if it does."""
    if address.version == 4:
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
