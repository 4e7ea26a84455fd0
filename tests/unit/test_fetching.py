import pytest

from ringfence.fetching import (
    NothingFetched,
    Target,
    Unfetchable,
    fresh_for,
    read_target,
    require_public,
    require_reachable,
)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://partner.example/jwks.json", Target("partner.example", 443, "/jwks.json")),
        ("https://Keys.Partner.Example:8443", Target("keys.partner.example", 8443, "/")),
        ("https://partner.example?set=1", Target("partner.example", 443, "/?set=1")),
        ("https://xn--bcher-kva.example/%7Ea/b?c=/d?", Target("xn--bcher-kva.example", 443, "/%7Ea/b?c=/d?")),
        ("https://1and1.example/", Target("1and1.example", 443, "/")),
    ],
)
def test_urls_that_may_be_fetched(url: str, target: Target) -> None:
    assert read_target(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://partner.example/",
        "HTTPS://partner.example/",
        "file:///etc/passwd",
        "gopher://partner.example/",
        "https:partner.example",
        "https:///jwks",
        "https://user@partner.example/",
        "https://user:password@partner.example/",
        "https://partner.example@169.254.169.254/",
        "https://partner.example\\@internal.example/",
        "https://partner.example#@internal.example/",
        "https://partner.example/#fragment",
        "https://partner.example/\r\nhost: internal.example",
        "https://partner.example/ x",
        "https://partner.example/\x00",
        "https://partner.example:0/",
        "https://partner.example:65536/",
        "https://partner.example:443:80/",
        "https://partner.example:٤٤٣/",
        "https://partner.example./",
        "https://.partner.example/",
        "https://partner..example/",
        "https://-partner.example/",
        "https://par%74ner.example/",
        "https://pärtner.example/",
        "https://ⓛocalhost.example/",
        "https://localhost/",
        "https://metadata/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.0x1/",
        "https://0177.0.0.1/",
        "https://127.0.0.1./",
        "https://partner.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://[2606:4700::1]/",
        f"https://{'a' * 64}.example/",
        f"https://{'a.' * 130}example/",
        "https://partner.example/" + "a" * 2048,
    ],
)
def test_urls_that_may_not(url: str) -> None:
    with pytest.raises(Unfetchable):
        read_target(url)


def test_the_host_header_names_a_port_that_is_not_the_usual_one() -> None:
    assert read_target("https://a.example/").authority == "a.example"
    assert read_target("https://a.example:444/").authority == "a.example:444"


def test_public_addresses() -> None:
    assert require_public(["93.184.216.34", "2606:2800:220:1::1"]) == "93.184.216.34"
    assert require_public(["2a00:1450:4001::1"]) == "2a00:1450:4001::1"


SPECIAL = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:2800::1%eth0",
    "fec0::1",
    "ff02::1",
    "not an address",
    "0177.0.0.1",
]


@pytest.mark.parametrize("address", SPECIAL)
def test_special_addresses_even_beside_public_ones(address: str) -> None:
    for found in ([address], ["93.184.216.34", address], [address, "93.184.216.34"]):
        with pytest.raises(Unfetchable):
            require_public(found)


def test_a_name_without_addresses() -> None:
    with pytest.raises(Unfetchable):
        require_public([])


@pytest.mark.parametrize(
    ("control", "seconds"),
    [
        ("", 300),
        ("max-age=600", 600),
        ("public, MAX-AGE=600, must-revalidate", 600),
        ('max-age="600"', 600),
        ("s-maxage=900", 300),
        ("max-age=0", 60),
        ("max-age=31536000", 3600),
        ("max-age=999999999999", 300),
        ("max-age=-1", 300),
        ("max-age=600, no-store", 60),
        ("no-cache", 60),
    ],
)
def test_how_long_an_answer_is_fresh(control: str, seconds: float) -> None:
    assert fresh_for({"cache-control": control}) == seconds


async def test_a_server_that_reaches_nothing_says_so() -> None:
    with pytest.raises(Unfetchable, match="nothing"):
        await NothingFetched().fetch(Target("partner.example", 443, "/"), "")


@pytest.mark.parametrize(
    ("addresses", "inside", "reached"),
    [
        (["93.184.216.34"], [], "93.184.216.34"),
        (["10.1.2.3"], ["10.1.0.0/16"], "10.1.2.3"),
        (["10.1.2.3", "93.184.216.34"], ["10.1.0.0/16"], "10.1.2.3"),
        (["fd00:1::5"], ["fd00:1::/32"], "fd00:1::5"),
        (["10.2.2.3"], ["10.1.0.0/16"], ""),
        (["10.1.2.3", "10.2.2.3"], ["10.1.0.0/16"], ""),
        (["::ffff:10.1.2.3"], ["10.1.0.0/16"], ""),
        (["x"], ["10.1.0.0/16"], ""),
        ([], ["0.0.0.0/0"], ""),
    ],
)
def test_networks_that_are_named_are_reached_and_no_others(
    addresses: list[str], inside: list[str], reached: str
) -> None:
    if reached:
        assert require_reachable(addresses, inside) == reached
    else:
        with pytest.raises(Unfetchable):
            require_reachable(addresses, inside)
