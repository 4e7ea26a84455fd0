"""Judge a client before it is registered.  RFC 7591 §2; RFC 8705 §2; FAPI 2.0 SP §5.3; RFC 8252 §7.3."""

import base64
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from ringfence.clients.algorithms import check_algorithms
from ringfence.clients.backchannel_members import CIBA, require_backchannel_members
from ringfence.clients.client_profile import ResponseMode, signing_of
from ringfence.clients.encryption_keys import for_signatures, written_encryption_keys
from ringfence.clients.sector import sector_of
from ringfence.clients.texts import alike, checked_name, fault
from ringfence.clock import Instant
from ringfence.fetching import Unfetchable, read_target
from ringfence.policy.model import Policy
from ringfence.policy.registration_model import ProfileName
from ringfence.problem import Refused
from ringfence.proofs.jwk import from_public_key, parse_jwks, public_jwk
from ringfence.proofs.mtls import read_subject
from ringfence.store.model import Client

LONGEST_NAME: Final = 100
LONGEST_URI: Final = 2048
MOST_URIS: Final = 20
MOST_KEYS: Final = 20
LONGEST_SUBJECT: Final = 1024

BUILT_IN: Final = ("openid", "grant_management_query", "grant_management_revoke", "ssf.read", "ssf.manage")
"""Always known, as they open no API: they ask for an ID token (OpenID Connect Core §3.1.2.1) and let a client
look after its own grants (draft-ietf-oauth-grant-management §6.1)."""

LOOPBACK: Final = frozenset({"127.0.0.1", "[::1]"})
"""Hosts of native applications, by number: the name `localhost` may lead elsewhere (RFC 8252 §8.3)."""

GrantType = Literal[
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:openid:params:grant-type:ciba",
    "urn:ietf:params:oauth:grant-type:token-exchange",
]


class NewClient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for; `store.model.Client` says what the members mean."""

    name: str
    authentication: Literal["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"] = "private_key_jwt"
    jwks: dict[str, Any] = {}
    jwks_uri: str = ""
    """Where the keys are, instead of `jwks`."""
    tls_subject: str = ""
    certificate: str = ""
    """One certificate in PEM, for `self_signed_tls_client_auth`."""
    binding: Literal["dpop", "mtls"] = "dpop"
    redirect_uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    grant_types: tuple[GrantType, ...] = ("authorization_code", "refresh_token")
    """Empty for a resource server: it introspects access tokens, all of them, and is never given one."""
    profile: ProfileName = "fapi2"
    require_signed_request_object: bool | None = None
    """None: as the profile says."""
    response_modes: tuple[ResponseMode, ...] | None = None
    """None: as the profile says."""
    authorization_details_types: tuple[str, ...] = ()
    access_token_seconds: int = 0
    assertion_algorithm: str = ""
    request_object_algorithm: str = ""
    dpop_algorithm: str = ""
    subject_type: Literal["public", "pairwise"] = "public"
    sector: str = ""
    """Host that its pairwise subjects are worked out for; empty: that of its redirect URIs."""
    backchannel_token_delivery_mode: Literal["", "poll", "ping"] = ""
    backchannel_client_notification_endpoint: str = ""
    backchannel_logout_uri: str = ""
    backchannel_logout_session_required: bool = False
    post_logout_redirect_uris: tuple[str, ...] = ()


def check_new_client(asked: NewClient, policy: Policy, client_id: str, now: Instant) -> Client:
    """Return the client to be kept: public keys only, written by us.

    Raises:
        Refused: ADMIN_REQUEST, with the member that is wrong.
    """
    _check_grant_types(asked)
    _check_scopes(asked, policy)
    if asked.profile not in policy.oauth.clients.profiles:
        raise fault("/profile", f"is not one of the policy, which has: {', '.join(policy.oauth.clients.profiles)}")
    if policy.listeners.mtls is None and (asked.binding == "mtls" or asked.authentication != "private_key_jwt"):
        raise fault("/binding", "the policy has no mTLS listener, so no client certificate can be presented")
    if not 0 <= asked.access_token_seconds <= policy.oauth.lifetimes.access_token_seconds:
        raise fault("/access_token_seconds", f"is from 0 to the policy's {policy.oauth.lifetimes.access_token_seconds}")
    require_backchannel_members(asked)
    for i, uri in enumerate(asked.post_logout_redirect_uris):
        _check_redirect_uri(uri, f"/post_logout_redirect_uris/{i}")
    keys = _keys(asked, policy)
    verifying = for_signatures(keys)
    signing = signing_of(
        asked.profile,
        signed=asked.require_signed_request_object,
        response_modes=asked.response_modes,
        has_keys=bool(verifying or asked.jwks_uri),
    )
    check_algorithms(asked, verifying, policy.oauth.client_algorithms)
    name, redirect_uris = checked_name(asked.name, "/name", LONGEST_NAME), _redirect_uris(asked)
    return Client(
        client_id=client_id,
        name=name,
        authentication=asked.authentication,
        jwks=keys,
        jwks_uri=asked.jwks_uri,
        tls_subject=_subject(asked),
        binding=asked.binding,
        redirect_uris=redirect_uris,
        scopes=asked.scopes,
        grant_types=asked.grant_types,
        profile=asked.profile,
        require_signed_request_object=signing.require_signed_request_object,
        response_modes=signing.response_modes,
        authorization_details_types=_detail_types(asked, policy),
        access_token_seconds=asked.access_token_seconds,
        assertion_algorithm=asked.assertion_algorithm,
        request_object_algorithm=asked.request_object_algorithm,
        dpop_algorithm=asked.dpop_algorithm,
        subject_type=asked.subject_type,
        sector=sector_of(asked.subject_type, asked.sector, redirect_uris),
        name_key=alike(name),
        backchannel_token_delivery_mode=asked.backchannel_token_delivery_mode,
        backchannel_client_notification_endpoint=asked.backchannel_client_notification_endpoint,
        backchannel_logout_uri=asked.backchannel_logout_uri,
        backchannel_logout_session_required=asked.backchannel_logout_session_required,
        post_logout_redirect_uris=asked.post_logout_redirect_uris,
        created_at=now,
    )


def _check_grant_types(asked: NewClient) -> None:
    if len(set(asked.grant_types)) != len(asked.grant_types):
        raise fault("/grant_types", "names each grant type once")
    if "refresh_token" in asked.grant_types and not {"authorization_code", CIBA} & set(asked.grant_types):
        raise fault("/grant_types", f"refresh tokens come with authorization_code or {CIBA} only")


def _check_scopes(asked: NewClient, policy: Policy) -> None:
    if not asked.grant_types:
        if asked.scopes:
            raise fault("/scopes", "belong to tokens, and a client without grant types is never given one")
        return
    if len(set(asked.scopes)) != len(asked.scopes) or not asked.scopes:
        raise fault("/scopes", "names each scope once, and at least one")
    for i, scope in enumerate(asked.scopes):
        if scope not in BUILT_IN and scope not in policy.oauth.scopes:
            known = ", ".join(policy.oauth.scopes) or "none"
            raise fault(f"/scopes/{i}", f"is not a scope of the policy, which has: {known}")


def _detail_types(asked: NewClient, policy: Policy) -> tuple[str, ...]:
    types = asked.authorization_details_types
    if len(set(types)) != len(types):
        raise fault("/authorization_details_types", "names each type once")
    for i, name in enumerate(types):
        if name not in policy.oauth.authorization_details:
            known = ", ".join(policy.oauth.authorization_details) or "none"
            raise fault(f"/authorization_details_types/{i}", f"is not a type of the policy, which has: {known}")
    return types


def _keys(asked: NewClient, policy: Policy) -> dict[str, Any]:
    if asked.jwks_uri:
        _check_jwks_uri(asked)
        return {}
    if asked.certificate and asked.authentication != "self_signed_tls_client_auth":
        raise fault("/certificate", "goes with self_signed_tls_client_auth only")
    if asked.certificate:
        if asked.jwks:
            raise fault("/jwks", "cannot be given beside a certificate")
        return {"keys": [_certificate_jwk(asked.certificate)]}
    if not asked.jwks:
        if asked.authentication == "tls_client_auth":
            return {}
        raise fault("/jwks", f"is needed with {asked.authentication}")
    members = asked.jwks.get("keys")
    if isinstance(members, list) and len(members) > MOST_KEYS:
        raise fault("/jwks/keys", f"holds at most {MOST_KEYS} keys")
    return _written(asked, policy)


def _written(asked: NewClient, policy: Policy) -> dict[str, Any]:
    """Return the set that a client registers, written anew: keys for signatures, then those for encryption."""
    sealing = written_encryption_keys(asked.jwks, policy.protection.seal_algorithms)
    verifying = for_signatures(asked.jwks) if sealing else asked.jwks
    if sealing and not verifying:
        if asked.authentication == "tls_client_auth":
            return {"keys": sealing}
        raise fault("/jwks", f"holds keys for encryption only, and {asked.authentication} needs one for signatures")
    try:
        keys = parse_jwks(verifying, algorithms=policy.oauth.client_algorithms)
    except Refused as refused:
        raise fault("/jwks", refused.detail) from None
    # Written anew from the numbers: what else stood in the set is of no use to us and may be to somebody else.
    written = [public_jwk(key) for key in keys.values()]
    if asked.authentication == "self_signed_tls_client_auth":
        written = [_with_certificate(key, member) for key, member in zip(written, verifying["keys"], strict=True)]
    return {"keys": [*written, *sealing]}


def _check_jwks_uri(asked: NewClient) -> None:
    if asked.jwks or asked.certificate:
        raise fault("/jwks_uri", "goes without jwks and certificate (RFC 7591 §2)")
    if asked.authentication == "self_signed_tls_client_auth":
        raise fault("/jwks_uri", "does not go with self_signed_tls_client_auth: give the certificate")
    try:
        read_target(asked.jwks_uri)
    except Unfetchable as why:
        raise fault("/jwks_uri", f"cannot be fetched: {why}") from None


def _certificate_jwk(pem: str) -> dict[str, Any]:
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode("ascii"))
        key = from_public_key(certificate.public_key())  # type: ignore[arg-type] # other kinds are refused in it
        der = certificate.public_bytes(Encoding.DER)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise fault("/certificate", "is not one certificate in PEM with an EC P-256, RSA or Ed25519 key") from None
    except Refused as refused:
        raise fault("/certificate", refused.detail) from None
    return {**public_jwk(key), "x5c": [base64.b64encode(der).decode("ascii")]}


def _with_certificate(key: dict[str, Any], member: dict[str, Any]) -> dict[str, Any]:
    """Return a key with the certificate that its `x5c` begins with, which has to be of that key.  RFC 7517 §4.7."""
    chain = member.get("x5c")
    if chain is None:
        return key
    try:
        der = base64.b64decode(chain[0], validate=True)
        certified = from_public_key(x509.load_der_x509_certificate(der).public_key())  # type: ignore[arg-type]
    except (ValueError, TypeError, LookupError, UnsupportedAlgorithm, Refused):
        raise fault("/jwks", "holds an x5c that is no chain of certificates") from None
    if public_jwk(certified) | {"kid": key["kid"]} != key:
        raise fault("/jwks", "holds an x5c whose certificate is of another key")
    return {**key, "x5c": [base64.b64encode(der).decode("ascii")]}


def _subject(asked: NewClient) -> str:
    if asked.authentication != "tls_client_auth":
        if asked.tls_subject:
            raise fault("/tls_subject", "goes with tls_client_auth only")
        return ""
    subject = checked_name(asked.tls_subject, "/tls_subject", LONGEST_SUBJECT)
    try:
        read_subject(subject)
    except ValueError:
        raise fault("/tls_subject", "is not a distinguished name such as CN=acme,O=Acme,C=SE (RFC 4514)") from None
    return subject


def _redirect_uris(asked: NewClient) -> tuple[str, ...]:
    if asked.redirect_uris and not asked.grant_types:
        raise fault("/redirect_uris", "are where customers return to, and a client without grant types has none")
    if "authorization_code" in asked.grant_types and not asked.redirect_uris:
        raise fault("/redirect_uris", "needs at least one with authorization_code")
    if len(asked.redirect_uris) > MOST_URIS or len(set(asked.redirect_uris)) != len(asked.redirect_uris):
        raise fault("/redirect_uris", f"holds each URI once, and at most {MOST_URIS}")
    for i, uri in enumerate(asked.redirect_uris):
        _check_redirect_uri(uri, f"/redirect_uris/{i}")
    return asked.redirect_uris


def _check_redirect_uri(uri: str, at: str) -> None:
    if len(uri) > LONGEST_URI or not all("!" <= c <= "~" and c not in '"<>\\^`{|}*' for c in uri):
        raise fault(at, f"has at most {LONGEST_URI} characters, all of those that stand in a URI, no wildcard")
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        raise fault(at, "is not a URI") from None
    if "#" in uri:
        raise fault(at, "has a fragment (RFC 6749 §3.1.2)")
    if "@" in parts.netloc or not parts.hostname or port == 0:
        raise fault(at, "needs a host, without user information")
    host = parts.netloc.removesuffix(f":{port}")
    if not (uri.startswith("https://") or (uri.startswith("http://") and host in LOOPBACK)):
        raise fault(at, "is an https URI; http only to 127.0.0.1 or [::1], for native applications")
