import base64
import json
from pathlib import Path

import pytest

from ringfence.ids import CorrelationId
from ringfence.message import Peer, Request, TraceContext
from ringfence.problem import Reason, Refused
from ringfence.proofs import message_signature as ms
from ringfence.proofs.jwk import parse_public_jwk
from ringfence.proofs.jws import UnverifiedJws, verify
from tests.signed_calls import ClientKey, b64, content_digest, signed

NOW = 1_760_000_000.0
URL = "https://api.example/pay?a[b]=1&x=%20"
VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "http_signatures.json").read_text())
AUTH = (("authorization", "DPoP token"), ("dpop", "proof"), ("content-type", "application/json"))
BODY = b'{"amount":"1.00"}'
ALL = ("ES256", "PS256", "EdDSA")


def request(headers, method="POST", url=URL):
    authority, _, rest = url.partition("://")[2].partition("/")
    path, _, query = rest.partition("?")
    return Request(
        method=method,
        scheme="https",
        authority=authority,
        path=f"/{path}",
        query=query,
        headers=tuple((n, v) for n, v in headers),
        body=b"",
        peer=Peer("192.0.2.7"),
        correlation=CorrelationId("c" * 26),
        trace=TraceContext("0" * 31 + "1", "0" * 15 + "1", sampled=True),
    )


@pytest.fixture(scope="module")
def key():
    return ClientKey("k1")


def check(headers, key, body=BODY, now=NOW, dpop=True, algorithms=ALL, **more):
    keys = {"k1": parse_public_jwk(key.jwk)}
    return ms.verify_request(
        request(headers, **more), body, keys, owner="client_a", algorithms=algorithms, dpop=dpop, now=now, skew=30.0
    )


def reason(headers, key, **more):
    with pytest.raises(Refused) as refused:
        check(headers, key, **more)
    return refused.value.reason


def test_a_signature_by_another_implementation_verifies(key):
    verified = check(signed(key, "POST", URL, AUTH, BODY, created=NOW), key)
    assert (verified.keyid, verified.created) == ("k1", NOW)
    assert verified.replay_until == NOW + 90
    extra = ';nonce="n";alg="ecdsa-p256-sha256"'
    other = check(signed(key, "POST", URL, AUTH, BODY, created=NOW, extra=extra), key)
    assert other.replay_key != verified.replay_key
    again = check(signed(key, "POST", URL, AUTH, BODY, created=NOW), key)
    assert again.replay_key == verified.replay_key  # another signature over the same


@pytest.mark.parametrize("name", ["b26", "b23"])
def test_bases_of_the_specification(name):
    vector, sent = VECTORS[name], VECTORS["request"]
    url = f"https://{sent['authority']}{sent['path']}?{sent['query']}"
    parameters = {"created": vector["created"], "keyid": vector["keyid"]}
    base = ms.signature_base(request(sent["headers"], url=url), [(n, {}) for n in vector["covered"]], parameters)
    assert base.decode().split("\n") == vector["base"]
    if "jwk" in vector:
        signature = base64.b64decode(vector["signature"])
        verify(UnverifiedJws("", b"", base, signature), parse_public_jwk(vector["jwk"]), ms.KIND)
        with pytest.raises(Refused):
            verify(UnverifiedJws("", b"", base + b" ", signature), parse_public_jwk(vector["jwk"]), ms.KIND)


def test_the_digest_of_the_specification_fits_its_body(key):
    sent = VECTORS["request"]
    headers = (*AUTH, ("content-digest", dict(sent["headers"])["content-digest"]))
    body = sent["body"].encode()
    check(signed(key, "POST", URL, headers, body, created=NOW), key, body=body)


def test_other_components_and_signatures_may_stand_beside(key):
    covered = ["@authority", "@path", "@query", "content-type", "@method", "@target-uri", "authorization", "dpop"]
    headers = signed(key, "POST", URL, AUTH, BODY, created=NOW, covered=[*covered, "content-digest"])
    other = dict(signed(key, "POST", URL, AUTH, BODY, created=NOW - 999, tag="other", label="proxy"))
    more = (*headers, ("signature-input", other["signature-input"]), ("signature", other["signature"]))
    assert check(more, key).keyid == "k1"


@pytest.mark.parametrize("lacking", ["@method", "@target-uri", "authorization", "dpop", "content-digest"])
def test_each_component_of_the_profile_is_needed(key, lacking):
    whole = ["@method", "@target-uri", "authorization", "dpop", "content-digest"]
    headers = signed(key, "POST", URL, AUTH, BODY, created=NOW, covered=[n for n in whole if n != lacking])
    with pytest.raises(Refused) as refused:
        check(headers, key)
    assert refused.value.reason is Reason.SIGNATURE_COVERAGE
    assert lacking in refused.value.detail
    ((name, wanted),) = refused.value.headers
    assert (name, f'"{lacking}"' in wanted) == ("accept-signature", True)


def test_a_component_with_a_parameter_is_another_one(key):
    headers = signed(key, "POST", URL, AUTH, BODY, created=NOW)
    for part in (';key="sha-256"', ";sf", ";bs", ";req", ";tr"):
        changed = [(n, v.replace('"content-digest")', f'"content-digest"{part})')) for n, v in headers]
        assert reason(changed, key) is Reason.SIGNATURE_COVERAGE


def test_a_body_without_digest_cannot_be_covered(key):
    headers = signed(key, "POST", URL, AUTH, created=NOW)
    assert reason(headers, key) is Reason.SIGNATURE_COVERAGE
    covered = ["@method", "@target-uri", "authorization", "dpop", "content-digest"]
    headers = signed(key, "POST", URL, AUTH, created=NOW, covered=covered)
    assert reason(headers, key) is Reason.CONTENT_DIGEST


@pytest.mark.parametrize(
    "digest",
    [
        content_digest(b"other"),
        content_digest(BODY) + ", " + content_digest(b"other", "sha-512"),
        content_digest(BODY).replace("sha-256", "md5"),
        content_digest(BODY).replace("sha-256", "sha-512"),
        "sha-256=:AAAA:",
        "nonsense:",
        content_digest(BODY) + ", " + content_digest(BODY),
    ],
)
def test_a_digest_that_does_not_fit(key, digest):
    headers = signed(key, "POST", URL, (*AUTH, ("content-digest", digest)), BODY, created=NOW)
    assert reason(headers, key) is Reason.CONTENT_DIGEST


def test_an_empty_body_with_a_digest_is_checked_too(key):
    headers = (*AUTH, ("content-digest", content_digest(b"something")))
    assert reason(signed(key, "POST", URL, headers, created=NOW), key, body=b"") is Reason.CONTENT_DIGEST
    assert check(signed(key, "GET", URL, AUTH, created=NOW), key, body=b"", method="GET").keyid == "k1"


def test_what_is_signed_is_what_came(key):
    headers = signed(key, "POST", URL, AUTH, BODY, created=NOW)
    assert reason(headers, key, method="PUT") is Reason.SIGNATURE_INVALID
    assert reason(headers, key, url=URL + "&y=1") is Reason.SIGNATURE_INVALID
    assert reason(headers, key, url=URL.replace("api.", "evil.")) is Reason.SIGNATURE_INVALID
    for name in ("authorization", "dpop"):
        changed = [(n, v + "x" if n == name else v) for n, v in headers]
        assert reason(changed, key) is Reason.SIGNATURE_INVALID
    moved = [(n, v.replace(f"created={int(NOW)}", f"created={int(NOW) + 1}")) for n, v in headers]
    assert reason(moved, key) is Reason.SIGNATURE_INVALID
    forged = signed(key, "POST", URL, AUTH, BODY, created=NOW, sign=ClientKey("k1").sign)
    assert reason(forged, key) is Reason.SIGNATURE_INVALID


def test_age(key):
    for created, wanted in ((NOW - 61, Reason.SIGNATURE_STALE), (NOW + 31, Reason.SIGNATURE_STALE)):
        assert reason(signed(key, "POST", URL, AUTH, BODY, created=created), key) is wanted
    check(signed(key, "POST", URL, AUTH, BODY, created=NOW - 60), key)
    expired = signed(key, "POST", URL, AUTH, BODY, created=NOW - 9, extra=f";expires={int(NOW)}")
    assert reason(expired, key) is Reason.SIGNATURE_STALE


def test_keys_and_algorithms(key):
    assert reason(signed(key, "POST", URL, AUTH, BODY, created=NOW, keyid="k2"), key) is Reason.SIGNATURE_KEY
    for alg in ("ed25519", "hmac-sha256", "rsa-v1_5-sha256", "ES256", "none"):
        headers = signed(key, "POST", URL, AUTH, BODY, created=NOW, extra=f';alg="{alg}"')
        assert reason(headers, key) is Reason.SIGNATURE_ALGORITHM
    headers = signed(key, "POST", URL, AUTH, BODY, created=NOW)
    assert reason(headers, key, algorithms=("PS256",)) is Reason.SIGNATURE_ALGORITHM


def test_none_or_none_with_the_tag(key):
    assert reason(AUTH, key) is Reason.SIGNATURE_MISSING
    headers = signed(key, "POST", URL, AUTH, BODY, created=NOW, tag="fapi-2-response")
    assert reason(headers, key) is Reason.SIGNATURE_MISSING


def _inputs(text, signature="sig1=:AAAA:"):
    return (*AUTH, ("content-digest", content_digest(BODY)), ("signature-input", text), ("signature", signature))


TAGGED = ';created=1760000000;keyid="k1";tag="fapi-2-request"'
WHOLE = '"@method" "@target-uri" "authorization" "dpop" "content-digest"'


@pytest.mark.parametrize(
    "headers",
    [
        _inputs("sig1=("),
        _inputs('sig1=1;tag="fapi-2-request"'),
        _inputs(f"sig1=({WHOLE}){TAGGED}", "sig2=:AAAA:"),
        _inputs(f"sig1=({WHOLE}){TAGGED}", "sig1=1"),
        _inputs(f"sig1=({WHOLE}){TAGGED}, sig1=({WHOLE}){TAGGED}"),
        _inputs(f"sig1=({WHOLE}){TAGGED}, b=({WHOLE}){TAGGED}", "sig1=:AAAA:, b=:AAAA:"),
        _inputs(f'sig1=({WHOLE} "@method"){TAGGED}'),
        _inputs(f'sig1=({WHOLE} "@query-param";name="x"){TAGGED}'),
        _inputs(f'sig1=({WHOLE} "@status"){TAGGED}'),
        _inputs(f'sig1=({WHOLE} "@nothing"){TAGGED}'),
        _inputs(f'sig1=({WHOLE} "x-absent"){TAGGED}'),
        _inputs(f'sig1=({WHOLE} "@method";req){TAGGED}'),
        _inputs(f"sig1=({WHOLE} 1){TAGGED}"),
        _inputs(f"sig1=({WHOLE}){TAGGED};other=1"),
        _inputs(f'sig1=({WHOLE});keyid="k1";tag="fapi-2-request"'),
        _inputs(f'sig1=({WHOLE});created="1760000000";keyid="k1";tag="fapi-2-request"'),
        _inputs(f'sig1=({WHOLE});created=1760000000.0;keyid="k1";tag="fapi-2-request"'),
        _inputs(f'sig1=({WHOLE});created=1760000000;keyid=k1;tag="fapi-2-request"'),
        _inputs(f"sig1=({WHOLE}){TAGGED}" + " " * 9000),
        _inputs(f"sig1=({WHOLE} {' '.join(f'{chr(34)}x{i}{chr(34)}' for i in range(40))}){TAGGED}"),
        _inputs(", ".join(f"s{i}=()" for i in range(5)), ", ".join(f"s{i}=:AA==:" for i in range(5))),
        (*AUTH, ("signature-input", f"sig1=({WHOLE}){TAGGED}")),
        (*AUTH, ("signature", "sig1=:AAAA:")),
    ],
)
def test_what_is_not_well_formed(key, headers):
    assert reason(headers, key) is Reason.SIGNATURE_MALFORMED


@pytest.mark.parametrize("signature", [b"", b"x", b"\0" * 64, b"\0" * 65, b"\xff" * 64])
def test_octets_that_are_no_signature(key, signature):
    headers = signed(key, "POST", URL, AUTH, BODY, created=NOW, sign=lambda _: signature)
    assert reason(headers, key) is Reason.SIGNATURE_INVALID


def test_a_restated_signature_claims_the_same(key):
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    headers = signed(key, "POST", URL, AUTH, BODY, created=NOW)
    raw = base64.b64decode(dict(headers)["signature"].removeprefix("sig1=:").removesuffix(":"))
    restated = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    twin = [(n, f"sig1=:{b64(restated)}:" if n == "signature" else v) for n, v in headers]
    assert check(headers, key).replay_key == check(twin, key).replay_key
