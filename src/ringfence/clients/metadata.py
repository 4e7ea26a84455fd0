"""Client metadata as clients write it, and as we keep it.  RFC 7591 §2; RFC 8705 §2.1.2, §3.4; RFC 9101 §10.5; RFC 9449 §5.2; RFC 9396 §10; OpenID CIBA Core §4; OpenID Connect Back-Channel Logout §2.2.

What is not known here is left out, as RFC 7591 §2 has it. A further member is a field of `Metadata`, and
where it changes what we do a field of `NewClient` too.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from ringfence.clients.new_client import GrantType, NewClient
from ringfence.clients.texts import fault
from ringfence.fetching import Unfetchable, read_target
from ringfence.policy.model import Policy
from ringfence.store.model import Client

MOST_CONTACTS: Final = 10
LONGEST_TEXT: Final = 2048

PAGES: Final = ("client_uri", "tos_uri", "policy_uri", "logo_uri")
DESCRIBING: Final = (*PAGES, "sector_identifier_uri", "contacts", "software_id", "software_version")
"""Members that we keep to repeat them; nothing is decided by them later."""


Authentication = Literal["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"]


class Metadata(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a client says about itself; absent members have the defaults of RFC 7591 §2, as far as FAPI has them."""

    client_name: str = ""
    redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[GrantType, ...] = ("authorization_code",)
    response_types: tuple[str, ...] | None = None
    token_endpoint_auth_method: Authentication = "private_key_jwt"  # noqa: S105 - a method's name
    token_endpoint_auth_signing_alg: str = ""
    scope: str = ""
    jwks: dict[str, Any] | None = None
    jwks_uri: str = ""
    tls_client_auth_subject_dn: str = ""
    tls_client_certificate_bound_access_tokens: bool = False
    dpop_bound_access_tokens: bool = False
    dpop_signing_alg: str = ""
    require_signed_request_object: bool | None = None
    request_object_signing_alg: str = ""
    require_pushed_authorization_requests: bool = True
    authorization_details_types: tuple[str, ...] = ()
    response_modes: tuple[Literal["query", "jwt"], ...] | None = None
    introspection_signed_response_alg: str = ""
    authorization_signed_response_alg: str = ""
    id_token_signed_response_alg: str = ""
    profile: Literal["fapi2", "fapi2-message-signing", "oauth2.1"] | None = None
    subject_type: Literal["public", "pairwise"] = "public"
    sector_identifier_uri: str = ""
    backchannel_token_delivery_mode: Literal["", "poll", "ping"] = ""
    backchannel_client_notification_endpoint: str = ""
    backchannel_logout_uri: str = ""
    backchannel_logout_session_required: bool = False
    post_logout_redirect_uris: tuple[str, ...] = ()
    client_uri: str = ""
    logo_uri: str = ""
    tos_uri: str = ""
    policy_uri: str = ""
    contacts: tuple[str, ...] = ()
    software_id: str = ""
    software_version: str = ""


def read_metadata(document: Mapping[str, Any]) -> Metadata:
    """Return the metadata in a JSON object.

    Raises:
        Refused: ADMIN_REQUEST, with the member of a wrong type.
    """
    # null says the same as nothing (RFC 7591 §2; RFC 7592 §2.2)
    given = {name: value for name, value in document.items() if value is not None}
    for name in (
        "tls_client_auth_san_dns",
        "tls_client_auth_san_uri",
        "tls_client_auth_san_ip",
        "tls_client_auth_san_email",
    ):
        if name in given:
            raise fault(f"/{name}", "is not taken: certificates are known by tls_client_auth_subject_dn")
    try:
        return msgspec.convert(given, Metadata)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$")
        raise fault(place.rstrip("`").replace(".", "/").replace("[", "/").replace("]", ""), text) from None


def as_new_client(said: Metadata, policy: Policy, sector: str) -> NewClient:
    """Return what the metadata asks for, in our own terms.

    Args:
        said: the metadata.
        policy: whose one signing algorithm is the only one to answer with.
        sector: host of the `sector_identifier_uri`, once its list was looked at; else empty.

    Raises:
        Refused: ADMIN_REQUEST, with the member that cannot be had here.
    """
    usual = ("code",) if "authorization_code" in said.grant_types else ()
    if said.response_types not in (None, usual):
        raise fault("/response_types", "is code alone, with authorization_code; empty without")
    for member in (
        "introspection_signed_response_alg",
        "authorization_signed_response_alg",
        "id_token_signed_response_alg",
    ):
        if getattr(said, member) not in ("", policy.oauth.signing_algorithm):
            raise fault(f"/{member}", f"is {policy.oauth.signing_algorithm} here")
    profile = said.profile or _profile(said)
    if not said.require_pushed_authorization_requests and profile != "oauth2.1":
        raise fault("/require_pushed_authorization_requests", f"contradicts the profile {profile}")
    if said.dpop_bound_access_tokens and said.tls_client_certificate_bound_access_tokens:
        raise fault("/dpop_bound_access_tokens", "goes without tls_client_certificate_bound_access_tokens: choose one")
    if said.jwks is not None and said.jwks_uri:
        raise fault("/jwks_uri", "goes without jwks (RFC 7591 §2)")
    _check_descriptions(said)
    return NewClient(
        name=said.client_name,
        authentication=said.token_endpoint_auth_method,
        jwks=said.jwks or {},
        jwks_uri=said.jwks_uri,
        tls_subject=said.tls_client_auth_subject_dn,
        binding="mtls" if said.tls_client_certificate_bound_access_tokens else "dpop",
        redirect_uris=said.redirect_uris,
        scopes=tuple(part for part in said.scope.split(" ") if part),
        grant_types=said.grant_types,
        profile=profile,
        require_signed_request_object=said.require_signed_request_object,
        response_modes=said.response_modes,
        authorization_details_types=said.authorization_details_types,
        assertion_algorithm=said.token_endpoint_auth_signing_alg,
        request_object_algorithm=said.request_object_signing_alg,
        dpop_algorithm=said.dpop_signing_alg,
        subject_type=said.subject_type,
        sector=sector,
        backchannel_token_delivery_mode=said.backchannel_token_delivery_mode,
        backchannel_client_notification_endpoint=said.backchannel_client_notification_endpoint,
        backchannel_logout_uri=said.backchannel_logout_uri,
        backchannel_logout_session_required=said.backchannel_logout_session_required,
        post_logout_redirect_uris=said.post_logout_redirect_uris,
    )


def described(said: Metadata) -> dict[str, Any]:
    """Return the part of the metadata that is kept to be repeated."""
    values = {name: getattr(said, name) for name in DESCRIBING}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value}


def as_metadata(client: Client, kept: Mapping[str, Any], signing_algorithm: str) -> dict[str, Any]:
    """Return a client as metadata: what holds now, defaults included.  RFC 7591 §3.2.1."""
    told: dict[str, Any] = {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created_at),
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "grant_types": client.grant_types,
        "response_types": ["code"] if "authorization_code" in client.grant_types else [],
        "token_endpoint_auth_method": client.authentication,
        "scope": " ".join(client.scopes),
        "profile": client.profile,
        "dpop_bound_access_tokens": client.binding == "dpop",
        "tls_client_certificate_bound_access_tokens": client.binding == "mtls",
        "require_pushed_authorization_requests": client.profile != "oauth2.1",
        "require_signed_request_object": client.require_signed_request_object,
        "response_modes": client.response_modes,
        "authorization_details_types": client.authorization_details_types,
        "subject_type": client.subject_type,
        "introspection_signed_response_alg": signing_algorithm,
        "authorization_signed_response_alg": signing_algorithm,
        "id_token_signed_response_alg": signing_algorithm,
    }
    present = {
        "token_endpoint_auth_signing_alg": client.assertion_algorithm,
        "request_object_signing_alg": client.request_object_algorithm,
        "dpop_signing_alg": client.dpop_algorithm,
        "jwks": client.jwks,
        "jwks_uri": client.jwks_uri,
        "tls_client_auth_subject_dn": client.tls_subject,
        "backchannel_token_delivery_mode": client.backchannel_token_delivery_mode,
        "backchannel_client_notification_endpoint": client.backchannel_client_notification_endpoint,
        "backchannel_logout_uri": client.backchannel_logout_uri,
        "backchannel_logout_session_required": client.backchannel_logout_session_required,
        "post_logout_redirect_uris": client.post_logout_redirect_uris,
    }
    return {**told, **{name: value for name, value in present.items() if value}, **kept}


def _profile(said: Metadata) -> Literal["fapi2", "fapi2-message-signing"]:
    signs = said.require_signed_request_object and said.response_modes == ("jwt",)
    return "fapi2-message-signing" if signs else "fapi2"


def _check_descriptions(said: Metadata) -> None:
    for name in (*PAGES, "sector_identifier_uri"):
        if url := getattr(said, name):
            try:
                read_target(url)
            except Unfetchable as why:
                raise fault(f"/{name}", f"cannot be used: {why}") from None
    if len(said.contacts) > MOST_CONTACTS:
        raise fault("/contacts", f"holds at most {MOST_CONTACTS} addresses")
    for name in ("software_id", "software_version", "contacts"):
        texts = getattr(said, name)
        for text in (texts,) if isinstance(texts, str) else texts:
            if len(text) > LONGEST_TEXT or not text.isprintable():
                raise fault(f"/{name}", f"has at most {LONGEST_TEXT} characters, all of them shown")
