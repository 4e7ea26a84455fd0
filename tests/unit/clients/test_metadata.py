from typing import Any

import pytest

from ringfence.clients.metadata import DESCRIBING, Metadata, as_metadata, as_new_client, described, read_metadata
from ringfence.clients.new_client import check_new_client
from ringfence.clock import Instant
from ringfence.policy.model import Policy
from ringfence.problem import Reason, Refused


def said(**members: Any) -> dict[str, Any]:
    return {"client_name": "Acme", "redirect_uris": ["https://acme.example/cb"], "scope": "accounts"} | members


def place(document: dict[str, Any], policy: Policy) -> str:
    with pytest.raises(Refused) as refused:
        as_new_client(read_metadata(document), policy, "")
    assert refused.value.reason is Reason.ADMIN_REQUEST
    return refused.value.faults[0].at


def test_unknown_members_and_nulls_are_left_out() -> None:
    assert read_metadata(said(surprise=1, contacts=None)) == read_metadata(said())


def test_it_is_told_as_it_was_said(asked: dict[str, Any], policy: Policy) -> None:
    document = said(
        jwks=asked["jwks"],
        grant_types=["authorization_code"],
        response_modes=["jwt"],
        require_signed_request_object=True,
        contacts=["ops@acme.example"],
        software_id="s",
        client_uri="https://acme.example/",
        token_endpoint_auth_signing_alg="ES256",
        backchannel_logout_uri="https://acme.example/out",
        backchannel_logout_session_required=True,
        post_logout_redirect_uris=["https://acme.example/bye"],
    )
    read = read_metadata(document)
    client = check_new_client(as_new_client(read, policy, ""), policy, "client_1", Instant(7.9))
    told = as_metadata(client, described(read), "ES256")
    assert client.profile == "fapi2-message-signing"
    assert (told["client_id"], told["client_id_issued_at"]) == ("client_1", 7)
    for name, value in document.items():
        if name != "jwks":
            found = told[name]
            assert (list(found) if isinstance(found, tuple) else found) == value
    assert set(DESCRIBING) & set(told) == {"contacts", "software_id", "client_uri"}
    again = as_new_client(read_metadata(told), policy, "")
    assert check_new_client(again, policy, "client_1", Instant(7.9)) == client, "what is told can be sent back"


def test_the_profile_follows_from_what_is_signed(policy: Policy) -> None:
    assert as_new_client(Metadata(), policy, "").profile == "fapi2"
    one = Metadata(require_signed_request_object=True)
    assert as_new_client(one, policy, "").profile == "fapi2"


@pytest.mark.parametrize(
    ("members", "at"),
    [
        ({"response_types": ["code", "token"]}, "/response_types"),
        ({"response_types": []}, "/response_types"),
        ({"grant_types": ["client_credentials"], "response_types": ["code"]}, "/response_types"),
        ({"id_token_signed_response_alg": "none"}, "/id_token_signed_response_alg"),
        ({"authorization_signed_response_alg": "RS256"}, "/authorization_signed_response_alg"),
        ({"require_pushed_authorization_requests": False}, "/require_pushed_authorization_requests"),
        ({"jwks": {}, "jwks_uri": "https://a.example/j"}, "/jwks_uri"),
        ({"dpop_bound_access_tokens": "yes"}, "/dpop_bound_access_tokens"),
        ({"grant_types": ["implicit"]}, "/grant_types/0"),
        ({"contacts": ["a\nb"]}, "/contacts"),
        ({"software_version": "x" * 3000}, "/software_version"),
        ({"policy_uri": "https://127.0.0.1/"}, "/policy_uri"),
        ({"tls_client_auth_san_ip": "127.0.0.1"}, "/tls_client_auth_san_ip"),
    ],
)
def test_what_cannot_be_had_is_named(members: dict[str, Any], at: str, policy: Policy) -> None:
    assert place(said(**members), policy) == at


def test_a_client_that_asks_without_a_redirect_says_how_it_learns_the_answer(
    asked: dict[str, Any], policy: Policy
) -> None:
    ciba = "urn:openid:params:grant-type:ciba"
    document = said(
        jwks=asked["jwks"], grant_types=["authorization_code", ciba], backchannel_token_delivery_mode="poll"
    )
    client = check_new_client(as_new_client(read_metadata(document), policy, ""), policy, "client_1", Instant(7.0))
    assert (client.grant_types, client.backchannel_token_delivery_mode) == (("authorization_code", ciba), "poll")
    alone = said(jwks=asked["jwks"], grant_types=["authorization_code", ciba])
    with pytest.raises(Refused) as refused:
        check_new_client(as_new_client(read_metadata(alone), policy, ""), policy, "client_1", Instant(7.0))
    assert refused.value.faults[0].at == "/backchannel_token_delivery_mode"
