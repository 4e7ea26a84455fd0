import pytest

from ringfence.oauth.profile import compile_profile

TLS = {"certificate": "c", "key": "k"}


def with_mtls(bank, **certificates):
    listeners = {
        "public": {"port": 1, "tls": TLS},
        "mtls": {"port": 9443, "tls": TLS, "client_certificates": certificates},
    }
    return compile_profile(bank.with_policy(listeners=listeners, mtls_url="").policy)


def test_the_mtls_origin_is_worked_out_where_it_is_not_said(bank):
    profile = with_mtls(bank)
    assert profile.mtls_origin == "https://bank.example:9443"
    assert profile.origin_of("mtls") == "https://bank.example:9443"
    assert profile.origin_of("public") == "https://bank.example"


@pytest.mark.parametrize(
    ("certificates", "trusted"),
    [
        ({}, False),
        ({"authorities": ["a"]}, True),
        ({"self_signed": True}, False),
        ({"authorities": ["a"], "self_signed": True}, False),
    ],
)
def test_subjects_are_trusted_only_where_every_certificate_is_signed(bank, certificates, trusted):
    assert with_mtls(bank, **certificates).trusts_subjects is trusted


def test_the_audience_is_the_resource_or_the_issuer(bank):
    assert bank.server.profile.audience == "urn:bank:apis"
    assert compile_profile(bank.with_policy(oauth={}).policy).audience == "https://bank.example"
