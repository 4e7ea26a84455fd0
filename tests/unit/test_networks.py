import pytest

from ringfence.networks import network_of, prefix_of


@pytest.mark.parametrize(
    ("address", "network", "prefix"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1:2::/64", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("unix", "unix", "unix"),
    ],
)
def test_networks_are_named_as_one_subscriber_and_one_neighbourhood(address: str, network: str, prefix: str) -> None:
    assert (network_of(address), prefix_of(address)) == (network, prefix)
