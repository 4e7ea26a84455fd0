"""What is refused before a client is registered."""

import datetime as dt
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey, RSAKey

from ringfence.clients.new_client import NewClient, check_new_client
from ringfence.clock import Instant
from ringfence.policy.model import DetailType, Policy
from ringfence.problem import Reason, Refused
from ringfence.store.model import Client


def judge(asked: dict[str, Any], policy: Policy) -> Client:
    return check_new_client(msgspec.convert(asked, NewClient), policy, "client_1", Instant(1.0))


def place(asked: dict[str, Any], policy: Policy) -> str:
    """Return where the refusal points."""
    with pytest.raises(Refused) as refused:
        judge(asked, policy)
    assert refused.value.reason is Reason.ADMIN_REQUEST
    return refused.value.faults[0].at


def test_a_good_client_is_taken_with_its_keys_written_anew(asked: dict[str, Any], policy: Policy) -> None:
    asked["jwks"]["keys"][0]["surprise"] = "<script>"
    client = judge(asked, policy)
    (kept,) = client.jwks["keys"]
    assert set(kept) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert kept["kid"] == "k1"
    assert (client.name, client.status, client.binding) == ("Acme", "active", "dpop")


@pytest.mark.parametrize(
    "name",
    ["", " Acme", "Acme ", "x" * 101, "Ac\nme", "Ac\x00me", "\x1b[31mAcme", "Acme\u202egpj", "Ac\u200bme", "\u2066A", "A\u2028b", "A\u00a0b", "\ue000", "\ufeffA", "Acme\u3164", "A\u034fcme", "\u115f", "A\u2800c", "A\ufe0fcme", "Acme\U000e0100"],
)  # fmt: skip
def test_a_name_that_could_deceive_is_refused(name: str, asked: dict[str, Any], policy: Policy) -> None:
    assert place({**asked, "name": name}, policy) == "/name"


def test_names_in_any_script_are_taken_and_composed(asked: dict[str, Any], policy: Policy) -> None:
    assert judge({**asked, "name": "U\u0308berweisung ООО 銀行"}, policy).name == "Überweisung ООО 銀行"


@pytest.mark.parametrize(
    "uri",
    [
        "http://acme.example/cb",
        "http://localhost/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.2/cb",
        "https://user@acme.example/cb",
        "https://acme.example@evil.example/",
        "https://acme.example/cb#fragment",
        "https://acme.example/cb#",
        "https://acme.example/*",
        "https://*.acme.example/",
        "https://acme.example/a b",
        "https://acme.example/\r\nx: y",
        "https://acme.example\\@evil.example/",
        "https://аcme.example/",
        "https:///cb",
        "https:acme.example",
        "HTTPS://acme.example:99999/",
        "javascript:alert(1)",
        "com.acme:/cb",
        "//acme.example/cb",
        "/cb",
        "",
        "https://[::1/cb",
        "https://acme.example/" + "x" * 2048,
    ],
)
def test_a_redirect_uri_that_leads_astray_is_refused(uri: str, asked: dict[str, Any], policy: Policy) -> None:
    assert place({**asked, "redirect_uris": [uri]}, policy) == "/redirect_uris/0"


@pytest.mark.parametrize(
    "uri",
    ["https://acme.example", "https://acme.example:8443/cb?x=1", "http://127.0.0.1/cb", "http://127.0.0.1:5/cb", "http://[::1]:5/"],
)  # fmt: skip
def test_a_good_redirect_uri_is_taken_as_it_is(uri: str, asked: dict[str, Any], policy: Policy) -> None:
    assert judge({**asked, "redirect_uris": [uri]}, policy).redirect_uris == (uri,)


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"redirect_uris": []}, "/redirect_uris"),
        ({"redirect_uris": ["https://a.example/"] * 2}, "/redirect_uris"),
        ({"redirect_uris": [f"https://a.example/{i}" for i in range(21)]}, "/redirect_uris"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["accounts", "accounts"]}, "/scopes"),
        ({"scopes": ["accounts", "admin"]}, "/scopes/1"),
        ({"grant_types": []}, "/scopes"),
        ({"grant_types": [], "scopes": []}, "/redirect_uris"),
        ({"grant_types": ["client_credentials"] * 2}, "/grant_types"),
        ({"grant_types": ["refresh_token"]}, "/grant_types"),
        ({"access_token_seconds": -1}, "/access_token_seconds"),
        ({"access_token_seconds": 301}, "/access_token_seconds"),
        ({"jwks": {}}, "/jwks"),
        ({"jwks": {"keys": []}}, "/jwks"),
        ({"jwks": {"keys": [{}] * 21}}, "/jwks/keys"),
        ({"tls_subject": "CN=a"}, "/tls_subject"),
        ({"certificate": "x"}, "/certificate"),
        ({"authentication": "tls_client_auth"}, "/tls_subject"),
        ({"authentication": "tls_client_auth", "tls_subject": "acme"}, "/tls_subject"),
        ({"authentication": "self_signed_tls_client_auth", "jwks": {}}, "/jwks"),
        ({"jwks_uri": "https://a.example/jwks"}, "/jwks_uri"),
        ({"jwks": {}, "jwks_uri": "http://a.example/jwks"}, "/jwks_uri"),
        ({"jwks": {}, "jwks_uri": "https://169.254.169.254/"}, "/jwks_uri"),
        ({"jwks": {}, "jwks_uri": "https://a:b@a.example/"}, "/jwks_uri"),
        (
            {"jwks": {}, "jwks_uri": "https://a.example/", "authentication": "self_signed_tls_client_auth"},
            "/jwks_uri",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(
    change: dict[str, Any], at: str, asked: dict[str, Any], policy: Policy
) -> None:
    assert place({**asked, **change}, policy) == at


def test_private_symmetric_and_weak_keys_are_refused(asked: dict[str, Any], key: ECKey, policy: Policy) -> None:
    private = {**key.as_dict(private=True), "kid": "k"}
    rsa = {**RSAKey.generate_key(2048).as_dict(private=True), "kid": "r"}
    for jwk in (private, rsa, {"kty": "oct", "k": "AAAA", "kid": "o"}, {**rsa, "n": "AQAB"}):
        assert place({**asked, "jwks": {"keys": [jwk]}}, policy) == "/jwks"
    public = {**key.as_dict(private=False), "kid": "k"}
    assert place({**asked, "jwks": {"keys": [public, public]}}, policy) == "/jwks"
    assert place({**asked, "jwks": {"keys": [key.as_dict(private=False)]}}, policy) == "/jwks"


def test_openid_is_always_a_scope_and_client_credentials_need_no_uri(asked: dict[str, Any], policy: Policy) -> None:
    own = {"grant_types": ["client_credentials"], "redirect_uris": [], "scopes": ["openid", "payments"]}
    assert judge({**asked, **own}, policy).grant_types == ("client_credentials",)


def test_a_resource_server_has_keys_and_nothing_else(asked: dict[str, Any], policy: Policy) -> None:
    client = judge({**asked, "grant_types": [], "scopes": [], "redirect_uris": []}, policy)
    assert (client.grant_types, client.scopes, client.redirect_uris) == ((), (), ())
    assert client.jwks["keys"]


def test_an_url_stands_for_keys_even_where_requests_are_signed(asked: dict[str, Any], policy: Policy) -> None:
    url = "https://keys.a.example/jwks"
    client = judge({**asked, "jwks": {}, "jwks_uri": url, "profile": "fapi2-message-signing"}, policy)
    assert (client.jwks_uri, client.jwks, client.require_signed_request_object) == (url, {}, True)


def test_a_subject_is_taken(asked: dict[str, Any], policy: Policy) -> None:
    subject = "CN=acme,O=Acme AB,organizationIdentifier=PSDSE-FINA-1234,C=SE"
    client = judge({**asked, "jwks": {}, "authentication": "tls_client_auth", "tls_subject": subject}, policy)
    assert client.tls_subject == subject


def test_a_self_signed_certificate_becomes_a_key_with_its_certificate(asked: dict[str, Any], policy: Policy) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string("CN=acme")
    day = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, day, day + dt.timedelta(days=90))
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
        .decode()
    )
    asked = {**asked, "jwks": {}, "authentication": "self_signed_tls_client_auth", "binding": "mtls"}
    (jwk,) = judge({**asked, "certificate": certificate}, policy).jwks["keys"]
    assert len(jwk["x5c"]) == 1
    assert jwk["kty"] == "EC"
    assert place({**asked, "certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n"}, policy) == "/certificate"
    assert place({**asked, "certificate": "ä"}, policy) == "/certificate"


def test_without_an_mtls_listener_nothing_is_bound_to_certificates(
    asked: dict[str, Any], policy_without_mtls: Policy
) -> None:
    assert place({**asked, "binding": "mtls"}, policy_without_mtls) == "/binding"
    assert judge(asked, policy_without_mtls).binding == "dpop"


def test_types_of_authorization_details_are_the_policys(asked: dict[str, Any], policy: Policy) -> None:
    types = msgspec.convert(
        {"pay": {"schema": {"properties": {"a": {"type": "string"}}}, "sentence": "Pay {a}"}}, dict[str, DetailType]
    )
    oauth = msgspec.structs.replace(policy.oauth, authorization_details=types)
    with_types = msgspec.structs.replace(policy, oauth=oauth)
    assert judge(asked | {"authorization_details_types": ["pay"]}, with_types).authorization_details_types == ("pay",)
    for wrong, at in ((["loan"], "/0"), (["pay", "pay"], "")):
        with pytest.raises(Refused) as refused:
            judge(asked | {"authorization_details_types": wrong}, with_types)
        assert refused.value.faults[0].at == f"/authorization_details_types{at}"


def test_a_profile_decides_what_is_signed(asked: dict[str, Any], policy: Policy) -> None:
    plain, strict = judge(asked, policy), judge({**asked, "profile": "fapi2-message-signing"}, policy)
    assert (plain.profile, plain.require_signed_request_object, plain.response_modes) == (
        "fapi2",
        False,
        ("query", "jwt"),
    )
    assert (strict.require_signed_request_object, strict.response_modes) == (True, ("jwt",))
    contradiction = {**asked, "profile": "fapi2-message-signing", "require_signed_request_object": False}
    assert place(contradiction, policy) == "/require_signed_request_object"


CIBA = "urn:openid:params:grant-type:ciba"


def test_a_client_that_asks_without_a_redirect(asked: dict[str, Any], policy: Policy) -> None:
    more = {"grant_types": [CIBA, "refresh_token"], "redirect_uris": [], "backchannel_token_delivery_mode": "poll"}
    assert judge({**asked, **more}, policy).backchannel_token_delivery_mode == "poll"
    assert place({**asked, **more, "grant_types": ["refresh_token"]}, policy) == "/grant_types"
    assert place({**asked, **more, "backchannel_token_delivery_mode": ""}, policy) == "/backchannel_token_delivery_mode"


@pytest.mark.parametrize("uri", ["http://a.example/bye", "https://a.example/#x", "https://a.example/*", "javascript:x"])
def test_a_place_to_return_to_after_logging_out_is_as_strict_as_any(
    uri: str, asked: dict[str, Any], policy: Policy
) -> None:
    assert place({**asked, "post_logout_redirect_uris": [uri]}, policy) == "/post_logout_redirect_uris/0"


def test_what_would_be_posted_to_has_to_be_outside(asked: dict[str, Any], policy: Policy) -> None:
    assert place({**asked, "backchannel_logout_uri": "https://10.0.0.1/"}, policy) == "/backchannel_logout_uri"
