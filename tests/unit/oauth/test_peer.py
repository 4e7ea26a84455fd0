import pytest

from ringfence.oauth.peer import read_peer
from ringfence.problem import Reason, Refused

HASH = "00" * 31 + "ff"


def fields(described: str = "", listener: str = "mtls"):
    base = (("x-ringfence-peer", "192.0.2.1"), ("x-ringfence-listener", listener))
    return (*base, ("x-forwarded-client-cert", described)) if described else base


def test_with_and_without_a_certificate():
    peer, listener = read_peer(fields())
    assert (peer.address, peer.certificate_sha256, listener) == ("192.0.2.1", "", "mtls")
    text = f'Hash={HASH};Cert="-----BEGIN%20X-----%0A";Subject="CN=a\\"b;c,O=d";URI=u'
    peer, _ = read_peer(fields(text))
    assert len(peer.certificate_sha256) == 43
    assert peer.certificate_pem == "-----BEGIN X-----\n"
    assert peer.certificate_subject == 'CN=a"b;c,O=d'


def test_on_the_public_listener_a_certificate_is_not_looked_at():
    assert read_peer(fields(f"Hash={HASH}", "public"))[0].certificate_sha256 == ""


@pytest.mark.parametrize(
    "text",
    [
        "Hash=abc",
        "Subject=x",
        f"Hash={HASH},Hash={HASH}",
        f'Hash={HASH};Subject="x',
        "=;",
        f"Hash={HASH.upper()}",
        f"Hash={'zz' * 32}",
    ],
)
def test_what_the_edge_never_writes(text):
    with pytest.raises(Refused) as caught:
        read_peer(fields(text))
    assert caught.value.reason is Reason.INTERNAL


@pytest.mark.parametrize(
    "headers", [(), fields()[:1], fields()[1:], fields(listener="other"), (*fields(), fields()[0])]
)
def test_fields_that_are_missing_or_repeated(headers):
    with pytest.raises(Refused) as caught:
        read_peer(headers)
    assert caught.value.reason is Reason.INTERNAL
