"""The rows on signatures of docs/gateway.md: each is made as the page describes it, and refused with what it says."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ringfence.gateway.acceptance import Acceptance
from ringfence.gateway.attest import attest
from ringfence.gateway.ports import KnownClient
from ringfence.gateway.stages import Assessed, Identified, Limited
from ringfence.message import Headers
from ringfence.policy.operations import Body
from ringfence.policy.signatures_model import SignedBodies
from ringfence.problem import Refused
from ringfence.proofs.jwk import parse_public_jwk
from ringfence.store.embedded.lmdb_state import LmdbState
from tests.signed_calls import ClientKey, compact, content_digest, detached, signed
from tests.unit.gateway.calls import NOW, located, operation, request, token, validator

PAGE = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text("utf-8")
ROWS = re.findall(
    r"^\| ([^|`]+(?:`[^`]*`[^|`]*)*) \| `((?:signature|content|body-signature)-[a-z]+)` \|$", PAGE, re.MULTILINE
)
REQUEST_ROWS = [(about, reason) for about, reason in ROWS if not reason.startswith("body-")]
BODY_ROWS = [(about, reason) for about, reason in ROWS if reason.startswith("body-")]
URL = "https://api.example/a"
AUTH: Headers = (("authorization", "Bearer t"),)
JSON = ("content-type", "application/json")
BODY = b'{"a":"1"}'
CLAIMS = {"iss": "client_a", "aud": "https://bank.example", "iat": int(NOW), "jti": "j1"}


class Checked:
    """What an operation with a demand makes of a message."""

    def __init__(self, directory: Path) -> None:
        self.key = ClientKey("k1")
        self.known: dict[str, KnownClient] = {
            "client_a": KnownClient({"k1": parse_public_jwk(self.key.jwk)}, frozenset({"client_a"}))
        }
        self.state = LmdbState(directory)

    def of(self, client_id: str) -> KnownClient | None:
        return self.known.get(client_id)

    async def told(self, headers: Headers, body: bytes = BODY, **demands: Any) -> str:
        """The reason of the refusal; empty: it passes."""
        accepted = Acceptance(
            issuer="https://issuer.example",
            audience="https://bank.example",
            algorithms=frozenset({"ES256", "PS256", "EdDSA"}),
            proof_window=60.0,
            skew=30.0,
            authorities=frozenset({"api.example"}),
            challenge="DPoP",
            max_json_depth=8,
        )
        taken = Body("application/jwt", validator({}), signed=True, bare_claims=frozenset(CLAIMS))
        asked = operation(
            method="POST", bodies={"application/jwt": taken}, demands=demands, signed_bodies=SignedBodies()
        )
        call = Limited(Assessed(Identified(located(asked, request("POST", headers=headers)), token(), None)), -1)
        try:
            await attest(call, body, accepted, self, self.state, NOW)
        except Refused as refused:
            return refused.reason.value
        return ""

    def signed(self, body: bytes = BODY, key: ClientKey | None = None, **how: Any) -> Headers:
        return signed(key or self.key, "POST", URL, AUTH, body, **({"created": NOW} | how))


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    return Checked(tmp_path)


def _changed(headers: Headers, name: str, old: str, new: str) -> Headers:
    return tuple((n, v.replace(old, new) if n == name else v) for n, v in headers)


async def _missing(c: Checked) -> list[str]:
    other = c.signed(tag="fapi-2-response")
    return [await c.told(headers, signature_required=True) for headers in (AUTH, other)]


async def _coverage(c: Checked) -> list[str]:
    part = _changed(c.signed(), "signature-input", '"content-digest")', '"content-digest";key="sha-256")')
    bare = c.signed(covered=("@method", "@target-uri", "authorization"))
    return [await c.told(headers, signature_required=True) for headers in (bare, part)]


async def _key(c: Checked) -> list[str]:
    told = [await c.told(c.signed(key=ClientKey("k2")), signature_required=True)]
    c.known.clear()  # the client is stopped
    return [*told, await c.told(c.signed(), signature_required=True)]


async def _algorithm(c: Checked) -> list[str]:
    return [await c.told(c.signed(extra=';alg="ed25519"'), signature_required=True)]


async def _stale(c: Checked) -> list[str]:
    late = c.signed(extra=f";expires={int(NOW) - 31}")
    made = [c.signed(created=NOW - 91), c.signed(created=NOW + 31), late]
    return [await c.told(headers, signature_required=True) for headers in made]


async def _digest(c: Checked) -> list[str]:
    return [await c.told(c.signed(), b'{"a":"2"}', signature_required=True)]


async def _invalid(c: Checked) -> list[str]:
    changed = _changed(c.signed(), "authorization", "Bearer t", "Bearer u")
    digest = _changed(c.signed(), "content-digest", content_digest(BODY), content_digest(b"{}"))
    return [await c.told(changed, signature_required=True), await c.told(digest, b"{}", signature_required=True)]


async def _replayed(c: Checked) -> list[str]:
    headers = c.signed()
    assert await c.told(headers, signature_required=True) == ""
    assert await c.told(c.signed(extra=';nonce="2"'), signature_required=True) == ""
    return [await c.told(headers, signature_required=True)]


async def _malformed(c: Checked) -> list[str]:
    broken = [_changed(c.signed(), "signature-input", "(", "("[:0]), _changed(c.signed(), "signature", "=:", "=")]
    return [await c.told(headers, signature_required=True) for headers in broken]


Case = Callable[[Checked], Awaitable[list[str]]]
OF_REQUESTS: dict[str, Case] = {
    "signature-missing": _missing,
    "signature-coverage": _coverage,
    "signature-key": _key,
    "signature-algorithm": _algorithm,
    "signature-stale": _stale,
    "content-digest": _digest,
    "signature-invalid": _invalid,
    "signature-replayed": _replayed,
    "signature-malformed": _malformed,
}


@pytest.mark.parametrize(("about", "reason"), REQUEST_ROWS)
async def test_each_row_on_signed_requests(checked: Checked, about: str, reason: str) -> None:
    told = await OF_REQUESTS[reason](checked)
    assert told == [reason] * len(told), about
    assert told


async def test_the_page_has_a_row_for_each_case_and_a_right_request_passes(checked: Checked) -> None:
    assert [reason for _, reason in REQUEST_ROWS] == [*OF_REQUESTS]
    assert [reason for _, reason in BODY_ROWS] == [*OF_BODIES]
    assert await checked.told(checked.signed(), signature_required=True) == ""


async def test_the_message_that_the_page_shows_passes(checked: Checked) -> None:
    """Its digest and its parameters, signed now, by the key that it names."""
    (block,) = re.findall(r"^```\n(Content-Digest: .*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    fields = dict(line.split(": ", 1) for line in block.splitlines())
    assert fields["Content-Digest"] == content_digest(b"")
    listed = re.findall(r'"([^"]+)"', fields["Signature-Input"].partition(")")[0])
    assert 'keyid="k1"' in fields["Signature-Input"]
    tag = fields["Signature-Input"].partition(';tag="')[2].rstrip('"')
    headers = (*AUTH, ("dpop", "proof"), ("content-digest", fields["Content-Digest"]))
    made = signed(checked.key, "POST", URL, headers, b"", created=NOW, covered=listed, tag=tag, label="sig")
    shape = re.sub(r"created=\d+", "created=0", dict(made)["signature-input"])
    assert shape == re.sub(r"created=\d+", "created=0", fields["Signature-Input"])
    assert await checked.told(made, b"", signature_required=True) == ""


def _jws(c: Checked, body: bytes | None = None, **header: Any) -> tuple[Headers, bytes]:
    return (("content-type", "application/jwt"),), compact(
        c.key, CLAIMS | {"a": "1"}, **header
    ) if body is None else body


def _detached(c: Checked, **header: Any) -> tuple[Headers, bytes]:
    value = detached(c.key, BODY, **({"iat": NOW, "iss": "client_a"} | header))
    return (JSON, ("x-jws-signature", value)), BODY


async def _each(c: Checked, compacts: list[tuple[Headers, bytes]], others: list[tuple[Headers, bytes]]) -> list[str]:
    told = [await c.told(headers, body, body_signature="compact") for headers, body in compacts]
    return told + [await c.told(headers, body, body_signature="detached") for headers, body in others]


async def _body_missing(c: Checked) -> list[str]:
    return await _each(c, [_jws(c, b"")], [((JSON,), BODY)])


async def _body_malformed(c: Checked) -> list[str]:
    value = dict(_detached(c)[0])["x-jws-signature"]
    attached = value.replace("..", ".e30.")
    made = [_jws(c, b'{"a":"1"}'), _jws(c, typ="at+jwt")]
    return await _each(c, made, [((JSON, ("x-jws-signature", text)), BODY) for text in (attached, "x", value[1:])])


async def _body_algorithm(c: Checked) -> list[str]:
    return await _each(c, [_jws(c, alg="PS256")], [_detached(c, alg="PS256")])


async def _body_invalid(c: Checked) -> list[str]:
    headers, _ = _detached(c)
    forged = compact(ClientKey("k1"), CLAIMS)
    return await _each(c, [_jws(c, forged)], [(headers, b'{"a":"2"}')])


async def _body_claims(c: Checked) -> list[str]:
    made = [_jws(c, compact(c.key, CLAIMS | change)) for change in ({"iss": "client_b"}, {"aud": "https://b.example"})]
    return await _each(c, made, [_detached(c, iss="client_b")])


async def _body_stale(c: Checked) -> list[str]:
    changes = ({"iat": int(NOW) - 400}, {"iat": int(NOW) + 31}, {"exp": int(NOW) - 31})
    made = [_jws(c, compact(c.key, CLAIMS | change)) for change in changes]
    return await _each(c, made, [_detached(c, iat=NOW - 400), _detached(c, iat=NOW + 31)])


async def _body_replayed(c: Checked) -> list[str]:
    assert await _each(c, [_jws(c)], []) == [""]
    return await _each(c, [_jws(c)], [])


OF_BODIES: dict[str, Case] = {
    "body-signature-missing": _body_missing,
    "body-signature-malformed": _body_malformed,
    "body-signature-algorithm": _body_algorithm,
    "body-signature-invalid": _body_invalid,
    "body-signature-claims": _body_claims,
    "body-signature-stale": _body_stale,
    "body-signature-replayed": _body_replayed,
}


@pytest.mark.parametrize(("about", "reason"), BODY_ROWS)
async def test_each_row_on_signed_bodies(checked: Checked, about: str, reason: str) -> None:
    told = await OF_BODIES[reason](checked)
    assert told == [reason] * len(told), about
    assert told


async def test_a_signed_body_passes_in_each_form_that_the_page_has(checked: Checked) -> None:
    assert await _each(checked, [_jws(checked)], [_detached(checked), _detached(checked, old=True)]) == ["", "", ""]
    value = dict(_detached(checked)[0])["x-jws-signature"]
    assert await _each(checked, [], [((JSON, ("x-jws-signature", value)), b"")]) != [""], "a signature over nothing"
