"""fapi2-security-profile-final-…: proofs and certificates at the resource and the endpoints.  RFC 9449 §4.3; RFC 8705 §3."""

import base64
import json
import time

import httpx
import pytest
from jwcrypto.jwk import JWK

from tests.conformance.edge.partner import KINDS, PAR, Partner
from tests.conformance.edge.tls import allowed_ciphers, refuses_old_versions

pytestmark = pytest.mark.flow


def test_check_dpop_proof_nbf_exp(partner: Partner) -> None:
    now = int(time.time())
    check_everywhere(partner, nbf=now, exp=now + 60)


def test_ensure_dpopproof_with_iat_10seconds_before_succeeds(partner: Partner) -> None:
    check_everywhere(partner, iat=int(time.time()) - 10)


def test_ensure_dpopproof_with_iat_10seconds_after_succeeds(partner: Partner) -> None:
    check_everywhere(partner, iat=int(time.time()) + 8)


def check_everywhere(partner: Partner, **changes) -> None:
    """Proofs with these claims are taken where a request is pushed, where tokens are given, and at the resource."""
    form = partner.own_form()
    if not partner.variant.own:
        flow = partner.begin()
        asked = partner.pushed_form(partner.asked(flow.verifier))
        pushed = partner.post(PAR, asked, {"dpop": partner.proof(partner.endpoint(PAR), **changes)})
        assert pushed.status_code == 201, pushed.text
        flow.request_uri = pushed.json()["request_uri"]
        form = partner.redemption(partner.visit(flow))
    answer = partner.token(form, proof=partner.proof(partner.endpoint("token_endpoint"), **changes))
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    called = partner.call(token, proofs=[partner.proof(partner.resource, "GET", token, **changes)])
    assert called.status_code == 200, called.text


def b64(value: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_dpop_negative_tests(partner: Partner) -> None:
    token = partner.tokens()["access_token"]
    url = partner.resource
    now = int(time.time())

    def proof(url: str = url, **changes) -> str:
        return partner.proof(url, "GET", changes.pop("ath_of", token), **changes)

    for name, good in {
        "unknown header": proof(header={"unknown": "member"}),
        "unknown claims": proof(unknown={"a": [1]}),
        "htu with query": proof(f"{url}?a=b"),
        "htu with fragment": proof(f"{url}#f"),
        "htu with both": proof(f"{url}?a=b#f"),
    }.items():
        assert partner.call(token, proofs=[good]).status_code == 200, name

    header, payload, signature = proof().split(".")
    public = partner.dpop.export_public(as_dict=True)
    head = {"typ": "dpop+jwt", "alg": partner.variant.algorithm, "jwk": public}
    rsa, stranger = JWK.generate(kty="RSA", size=2048), JWK.generate(**KINDS[partner.variant.algorithm])
    wrong = {
        "garbage": ["garbage"],
        "two": [proof(), proof()],
        "two in one": [f"{proof()}, {proof()}"],
        "none": [],
        "no typ": [proof(header={"typ": None})],
        "other typ": [proof(header={"typ": "JWT"})],
        "no jwk": [proof(header={"jwk": None})],
        "no alg": [f"{b64({k: v for k, v in head.items() if k != 'alg'})}.{payload}.{signature}"],
        "alg none": [f"{b64({**head, 'alg': 'none'})}.{payload}."],
        "RS256": [proof(key=rsa, algorithm="RS256")],
        "HS256": [f"{b64({**head, 'alg': 'HS256', 'jwk': {'kty': 'oct', 'k': 'AAAA'}})}.{payload}.{signature}"],
        "no jti": [proof(jti=None)],
        "no htm": [proof(htm=None)],
        "htm PUT": [proof(htm="PUT")],
        "no htu": [proof(htu=None)],
        "other htu": [proof("https://elsewhere.example/accounts")],
        "other path": [proof(f"{url}/other")],
        "no iat": [proof(iat=None)],
        "old": [proof(iat=now - 3600)],
        "early": [proof(iat=now + 3600)],
        "no ath": [proof(ath=None)],
        "other ath": [proof(ath="A" * 43)],
        "bad signature": [f"{header}.{payload}.{'A' * len(signature)}"],
        "private key": [proof(header={"jwk": partner.dpop.export_private(as_dict=True)})],
        "other key": [proof(key=stranger)],
    }
    for name, proofs in wrong.items():
        check_refused(partner.call(token, proofs=proofs), name)
    check_refused(partner.call(token, proofs=[], scheme="Bearer"), "Bearer without proof")
    check_refused(partner.call(token, proofs=[proof()], scheme="Bearer"), "Bearer with proof")
    once = proof()
    assert partner.call(token, proofs=[once]).status_code == 200
    check_refused(partner.call(token, proofs=[once]), "again")


def check_refused(answer: httpx.Response, name: str) -> None:
    assert answer.status_code in (400, 401), (name, answer.text)
    if answer.status_code == 401:
        assert "DPoP" in answer.headers["www-authenticate"], name
        assert "use_dpop_nonce" not in answer.headers["www-authenticate"], name


def test_ensure_holder_of_key_required(partner: Partner) -> None:
    form = partner.fresh_form()
    if partner.variant.constrain == "dpop":
        answer = partner.token(form, proof=None)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    else:
        check_no_certificate(partner, form)
    installation = partner.running.installation
    for port in (installation.public_port, installation.mtls_port):
        refuses_old_versions(port, installation.authority)
        allowed_ciphers(port, installation.authority)


def check_no_certificate(partner: Partner, form: dict) -> None:
    """Without the certificate there is no token: on the mTLS listener, or on the other one."""
    for url in (partner.endpoint("token_endpoint"), partner.running.metadata["token_endpoint"]):
        try:
            answer = partner.running.http.post(url, data=partner.authenticated(form))
        except httpx.TransportError:
            continue  # the edge drops the connection
        by_certificate = partner.variant.auth != "private_key_jwt"
        assert answer.status_code == (401 if by_certificate else 400), answer.text
        assert answer.json()["error"] in (
            {"invalid_client"} if by_certificate else {"invalid_request", "invalid_grant"}
        )
