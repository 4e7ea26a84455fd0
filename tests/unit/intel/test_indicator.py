import pytest

from ringfence.intel.indicator import NotBelieved, address, few_enough, network


@pytest.mark.parametrize(
    ("text", "version", "size"),
    [
        ("203.0.114.7", 4, 1),
        ("203.0.114.0/24", 4, 256),
        ("203.0.114.7/24", 4, 256),  # host bits: the network around it is meant
        ("8.0.0.0/8", 4, 1 << 24),
        ("2a00::/32", 6, 1 << 96),
        ("2a00::1", 6, 1),
    ],
)
def test_networks_and_addresses_are_ranges(text: str, version: int, size: int) -> None:
    found, first, last = network(text)
    assert (found, last - first + 1) == (version, size)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "203.0.114.256",
        "203.0.114.7/33",
        "0.0.0.0/0",  # everybody
        "8.0.0.0/7",
        "2000::/3",
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.0/16",
        "172.0.0.0/8",  # touches 172.16.0.0/12
        "::1",
        "fe80::1",
        "fc00::/32",
        "::ffff:203.0.114.7",
        "2001:db8::1",
        "٢٠٣.0.114.7",
        "203.0.114.7\x00",
    ],
)
def test_what_no_feed_may_name_is_not_believed(text: str) -> None:
    with pytest.raises(NotBelieved):
        network(text)


def test_an_address_is_a_number_and_ipv4_within_ipv6_is_ipv4() -> None:
    assert address("203.0.114.7") == (4, 0xCB007207)
    assert address("::ffff:203.0.114.7") == (4, 0xCB007207)
    assert address("2a00::1%eth0") == (6, (0x2A00 << 112) + 1)
    with pytest.raises(ValueError):
        address("unix")


def test_a_slip_in_a_hundred_is_a_slip() -> None:
    assert few_enough(1, 100)
    assert not few_enough(2, 100)
    assert few_enough(0, [])
