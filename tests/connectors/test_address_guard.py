"""S-05: which addresses a connector may call."""

import socket

import pytest

from ticket_billing_connectors.transport.address_guard import (
    AddressPolicy,
    resolve,
    split_origin,
)
from ticket_billing_connectors.transport.errors import AddressRefused

PUBLIC = "93.184.216.34"


def resolver(*addresses):
    def resolve_name(host, port, type):
        return [(socket.AF_INET, type, 6, "", (address, port)) for address in addresses]

    return resolve_name


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_internal_addresses_are_refused(address):
    with pytest.raises(AddressRefused):
        resolve("https://tickets.example", AddressPolicy(), resolver(address))


@pytest.mark.parametrize(
    "url",
    ["https://2130706433", "https://0177.0.0.1", "https://0x7f.1", "https://[::1]"],
)
def test_other_spellings_of_loopback_are_refused(url):
    """The system's own resolver turns them into 127.0.0.1."""
    with pytest.raises(AddressRefused):
        resolve(url, AddressPolicy())


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://tickets.example",
        "tickets.example",
        "https://",
        "https://user:password@tickets.example",
        "https://tickets.example:99999",
        "https://[::1",
    ],
)
def test_malformed_addresses_are_refused(url):
    with pytest.raises(AddressRefused) as caught:
        split_origin(url)
    assert "password@" not in str(caught.value)


def test_http_needs_permission():
    url = "http://tickets.example"
    with pytest.raises(AddressRefused):
        resolve(url, AddressPolicy(), resolver(PUBLIC))
    target = resolve(url, AddressPolicy(allow_http=True), resolver(PUBLIC))
    assert (target.scheme, target.port, target.address) == ("http", 80, PUBLIC)


def test_one_internal_address_among_several_is_enough():
    with pytest.raises(AddressRefused):
        resolve(
            "https://tickets.example", AddressPolicy(), resolver(PUBLIC, "10.0.0.1")
        )


def test_allow_list_is_per_host_and_never_covers_metadata_services():
    policy = AddressPolicy(private_hosts=frozenset({"tickets.lan"}))
    target = resolve("https://Tickets.LAN./x", policy, resolver("10.0.0.5"))
    assert (target.host, target.address) == ("tickets.lan", "10.0.0.5")
    with pytest.raises(AddressRefused):
        resolve("https://other.lan", policy, resolver("10.0.0.5"))
    with pytest.raises(AddressRefused):
        resolve("https://tickets.lan", policy, resolver("169.254.169.254"))


def test_unknown_host():
    def fail(*args, **kw):
        raise socket.gaierror

    with pytest.raises(AddressRefused, match="unknown"):
        resolve("https://nowhere.example", AddressPolicy(), fail)
