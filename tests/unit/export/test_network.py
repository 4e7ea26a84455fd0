from ringfence.export.network import address_version


def test_only_an_address_has_a_version() -> None:
    texts = ("192.0.2.1", "2001:db8::1", "2001:db8::/64", "hmac:ab", "", "[redacted]")
    assert [address_version(t) for t in texts] == [4, 6, 0, 0, 0, 0]
