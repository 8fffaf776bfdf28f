"""Where webhooks may go."""

import pytest

from node_gateway.service.webhook_guard import EndpointRefusedError, checked_target


async def _target(url: str, *addresses: str, are_private_allowed: bool = False) -> str:
    async def resolve(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return (await checked_target(url, are_private_allowed=are_private_allowed, resolve=resolve)).connect_url


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fe80::1%eth0",
     "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "224.0.0.1", "255.255.255.255", "2002:7f00:1::", "2002:a00:1::", "fec0::1", "64:ff9b::7f00:1", "::127.0.0.1"],
)  # fmt: skip
async def test_refuses_every_address_that_is_not_public(address: str) -> None:
    with pytest.raises(EndpointRefusedError, match="not a public address"):
        await _target("https://shop.example/hook", address)


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(EndpointRefusedError):
        await _target("https://shop.example/hook", "93.184.216.34", "127.0.0.1")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop.example/",
        "https:///path",
        "http://shop.example/",
        "https://user:secret@shop.example/",
        "file:///etc",
        "https://shop.example:port/",
        "https://shop.example:70000/",
        "https://[::1/",
        "https://shop.example/a b",
        "https://shop.example/\r\nHost: inside",
        "https://münchen.example/",
        "",
    ],
)
async def test_refuses_what_is_no_plain_secure_address(url: str) -> None:
    with pytest.raises(EndpointRefusedError):
        await _target(url, "93.184.216.34")


async def test_refuses_a_host_without_an_address() -> None:
    with pytest.raises(EndpointRefusedError, match="no address"):
        await _target("https://shop.example/")


async def test_connects_to_the_checked_address_by_number() -> None:
    assert await _target("https://shop.example/a?b=1", "93.184.216.34") == "https://93.184.216.34:443/a?b=1"
    assert (
        await _target("https://shop.example:8443", "2606:2800:220:1::1")
        == "https://[2606:2800:220:1::1]:8443/"
    )
    assert (
        await _target("http://till.local/x", "10.0.0.5", are_private_allowed=True) == "http://10.0.0.5:80/x"
    )
