"""Whatever a client says about itself is registered or refused with a reason; nothing breaks."""

import asyncio
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ringfence.clients.metadata import Metadata
from ringfence.clock import Instant
from ringfence.fetching import NothingFetched
from ringfence.ids import CorrelationId
from ringfence.oauth.registering import judge_metadata
from ringfence.oauth.trusted_statements import CompiledRegistration, compile_registration
from ringfence.policy.model import Policy
from ringfence.problem import Reason, Refused, oauth_error

KEY = {
    "kty": "EC",
    "crv": "P-256",
    "kid": "1",
    "x": "aTp1I60lhgQ9CwktQp7kaYojuheI73p-AI-ytcTnM8Q",
    "y": "7Yb3OgpjVv9JVoNUgXF_Fx1S5WqSIlYP9_Le_JMfpec",
}
GOOD = {
    "client_name": "Kestrel",
    "redirect_uris": ["https://kestrel.example/cb"],
    "scope": "openid accounts",
    "jwks": {"keys": [KEY]},
}
POLICY = msgspec.convert(
    {
        "version": 1,
        "issuer": "https://bank.example",
        "listeners": {"public": {"port": 1, "tls": {"certificate": "c", "key": "k"}}},
        "oauth": {"scopes": {"accounts": "See"}, "registration": {"require": ["invitation"]}},
        "apis": [{"name": "a", "versions": [{"name": "v1", "openapi": "a", "upstream": {"url": "http://u"}}]}],
        "on_outage": {"fast_state": "refuse", "records": "refuse", "events": "spill", "upstream": "refuse"},
    },
    Policy,
)
COMPILED = compile_registration(POLICY)
TOLD = (Reason.CLIENT_METADATA, Reason.REDIRECT_URI_UNFIT)

texts = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["", "none", "HS256", "ES256", "code", "jwt", "https://a.example/", "http://[::1]/cb", "https://[", "pairwise"]),
    st.text("https:/.[]@#?%a0-\\\x00\u202e", max_size=20).map(lambda t: "https://" + t),
)  # fmt: skip
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.decimals(allow_nan=False, places=3), texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(texts, st.sampled_from([*KEY, "keys", "x5c", "d"])), inner),
    ),
    max_leaves=8,
)
members = st.one_of(st.sampled_from(Metadata.__struct_fields__), texts)
keys = st.dictionaries(st.sampled_from([*KEY, "x5c", "alg", "use", "key_ops", "d"]), values, max_size=5)


def judged(document: dict[str, Any], claims: dict[str, Any]) -> None:
    assert isinstance(COMPILED, CompiledRegistration)
    found, told = None, None
    try:
        found = asyncio.run(judge_metadata(document, claims, COMPILED, NothingFetched(), "client_x", Instant(1.0)))
    except Refused as refused:
        told = refused
    if told is not None:
        assert told.reason in TOLD, told
        oauth_error(told, CorrelationId("c"))
    if found is not None:
        msgspec.json.encode(found)
        written = found.client.jwks.get("keys", [KEY])
        assert written[0].keys() <= {*KEY, "alg", "use", "n", "e", "x5c"}


@given(st.dictionaries(members, values, max_size=8), st.dictionaries(members, values, max_size=3))
def test_anything_in_the_place_of_anything(changes: dict[str, Any], claims: dict[str, Any]) -> None:
    judged({**GOOD, **changes}, claims)


@given(keys, st.sampled_from(["private_key_jwt", "self_signed_tls_client_auth", "tls_client_auth"]))
def test_anything_in_a_key(changes: dict[str, Any], method: str) -> None:
    judged({**GOOD, "jwks": {"keys": [{**KEY, **changes}]}, "token_endpoint_auth_method": method}, {})


@given(st.lists(texts, max_size=4))
def test_anything_as_redirect_uris(uris: list[str]) -> None:
    judged({**GOOD, "redirect_uris": uris, "subject_type": "pairwise"}, {})
