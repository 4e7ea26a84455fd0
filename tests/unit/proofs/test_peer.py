import hashlib
from base64 import urlsafe_b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.message import Peer
from ringfence.problem import Reason, Refused
from ringfence.proofs.peer import read_client_certificate, read_peer

DIGEST = hashlib.sha256(b"a certificate").digest()
HEX = DIGEST.hex()
THUMBPRINT = urlsafe_b64encode(DIGEST).decode().rstrip("=")
PEM = "-----BEGIN CERTIFICATE-----\nMIIB+/=\n-----END CERTIFICATE-----\n"


def test_the_edges_words_become_a_peer():
    text = f'Hash={HEX};Cert="{quote(PEM, safe="")}";Subject="CN=partner \\"one\\",O=A\\\\B;C"'
    peer = read_peer("192.0.2.7", "mtls", text)
    assert peer == Peer("192.0.2.7", THUMBPRINT, 'CN=partner "one",O=A\\B;C', PEM)
    assert len(peer.certificate_sha256) == 43


def test_names_and_uris_are_taken_and_not_used():
    text = f"By=spiffe://a;By=spiffe://b;Hash={HEX};URI=spiffe://c;DNS=a.example;DNS=b.example"
    assert read_client_certificate(text) == (THUMBPRINT, "", "")


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7", "fe80::1%eth0"])
def test_addresses_of_both_families(address):
    assert read_peer(address, "public", None) == Peer(address)


def test_a_certificate_counts_on_the_mtls_listener_only():
    assert read_peer("192.0.2.7", "public", f"Hash={HEX}") == Peer("192.0.2.7")
    assert read_peer("192.0.2.7", "mtls", None) == Peer("192.0.2.7")


@pytest.mark.parametrize(
    ("address", "listener"),
    [(None, "public"), ("", "public"), ("a host", "public"), ("192.0.2.7", None), ("192.0.2.7", "other")],
)
def test_without_the_edges_word_there_is_no_peer(address, listener):
    with pytest.raises(Refused) as refused:
        read_peer(address, listener, None)
    assert refused.value.reason is Reason.INTERNAL
    assert refused.value.detail == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "Hash=",
        f"Hash={HEX[:-2]}",
        f"Hash={HEX}0",
        f"Hash={HEX.upper()}",
        f"hash={HEX}",
        f"Hash={HEX};Hash={HEX}",
        f"Hash={HEX},Hash={HEX}",
        f"Hash={HEX};",
        f";Hash={HEX}",
        f'Hash={HEX};Subject="CN=a',
        f'Hash={HEX};Subject="CN=a"x',
        f'Hash={HEX};Subject="a";Subject="b"',
        f"Hash={HEX};Other=1",
        f"Hash= {HEX}",
        f'Hash={HEX};Cert="%ff"',
        f'Hash={HEX};Subject="\\n"',
        f'Hash={HEX};Subject="{"a" * 2000}"',
        'Subject="CN=a"',
        f'Subject="Hash={HEX}"',
    ],
)  # fmt: skip
def test_anything_else_is_our_own_fault_and_refused(text):
    with pytest.raises(Refused) as refused:
        read_client_certificate(text)
    assert refused.value.reason is Reason.INTERNAL


@given(
    st.text(max_size=80)
    | st.lists(
        st.sampled_from(["Hash=", HEX, ";", ",", '"', "\\", "Subject=", "Cert=", "URI=a", "=", "a", "%41", " "]),
        max_size=12,
    ).map("".join)
)
def test_whatever_comes_is_a_certificate_or_refused(text):
    try:
        thumbprint, _, _ = read_client_certificate(text)
    except Refused:
        return
    assert thumbprint == THUMBPRINT
    assert f"Hash={HEX}" in text
