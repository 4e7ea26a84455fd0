"""Describe the server to clients: RFC 8414 and OpenID Connect Discovery in one document.  RFC 8414 §2; RFC 8705 §5; RFC 9207 §3; OpenID CIBA Core §4; OpenID Connect RP-Initiated Logout §2.1; OpenID Connect Back-Channel Logout §2.1."""

from typing import Any

from ringfence.oauth.answers import CACHEABLE, json_response
from ringfence.oauth.checks.grant_action import ACTIONS
from ringfence.oauth.checks.scope import BUILT_IN
from ringfence.oauth.endpoints import AUTHENTICATED, VARIABLE, Endpoint, path_of, url_of
from ringfence.oauth.exchange import Exchange, Outcome, Server
from ringfence.oauth.front_channel import PROFILE as FRONT_CHANNEL
from ringfence.oauth.grants import GRANT_TYPES
from ringfence.oauth.profile import Profile
from ringfence.oauth.tokens import login_classes

_MEMBERS = {
    Endpoint.PAR: "pushed_authorization_request_endpoint",
    Endpoint.BACKCHANNEL: "backchannel_authentication_endpoint",
    Endpoint.TOKEN: "token_endpoint",
    Endpoint.INTROSPECTION: "introspection_endpoint",
    Endpoint.REVOCATION: "revocation_endpoint",
    Endpoint.USERINFO: "userinfo_endpoint",
    Endpoint.GRANT: "grant_management_endpoint",
}
"""Endpoints that are called over the back channel, and so exist on the mTLS listener too."""


async def describe(exchange: Exchange, server: Server) -> Outcome:  # noqa: ARG001 - every action has one signature
    """Return the metadata document."""
    return Outcome(json_response(metadata(server.profile), caching=CACHEABLE))


def metadata(profile: Profile) -> dict[str, Any]:
    """Return the metadata of a profile."""
    methods = _authentication_methods(profile)
    signed = list(profile.client_algorithms)
    document: dict[str, Any] = {
        "issuer": profile.issuer,
        "authorization_endpoint": url_of(profile, Endpoint.AUTHORIZE),
        "jwks_uri": url_of(profile, Endpoint.JWKS),
        **{member: _base(url_of(profile, endpoint)) for endpoint, member in _MEMBERS.items()},
        "require_pushed_authorization_requests": FRONT_CHANNEL not in profile.clients.profiles,
        "authorization_response_iss_parameter_supported": True,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "jwt", "query.jwt"],
        "grant_types_supported": [grant_type.name for grant_type in GRANT_TYPES],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": sorted({*BUILT_IN, *profile.scopes}),
        "authorization_details_types_supported": sorted(profile.detail_types),
        "grant_management_actions_supported": list(ACTIONS),
        "grant_management_action_required": False,
        "subject_types_supported": ["public", "pairwise"],
        "acr_values_supported": list(login_classes(profile)),
        "backchannel_token_delivery_modes_supported": ["poll", "ping"],
        "backchannel_authentication_request_signing_alg_values_supported": signed,
        "backchannel_user_code_parameter_supported": False,
        "end_session_endpoint": url_of(profile, Endpoint.END_SESSION),
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "claims_supported": ["sub", "iss", "auth_time", "acr", "name", "preferred_username"],
        "claims_parameter_supported": False,
        # signed, and pushed: the authorization endpoint itself takes no `request`
        "request_parameter_supported": True,
        "request_uri_parameter_supported": False,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "require_signed_request_object": False,
        "request_object_signing_alg_values_supported": signed,
        "authorization_signing_alg_values_supported": [profile.signing_algorithm],
        "introspection_signing_alg_values_supported": [profile.signing_algorithm],
        "id_token_signing_alg_values_supported": [profile.signing_algorithm],
        "dpop_signing_alg_values_supported": signed,
        "tls_client_certificate_bound_access_tokens": bool(profile.mtls_origin),
    }
    for endpoint in sorted(AUTHENTICATED - {Endpoint.PAR, Endpoint.BACKCHANNEL}, key=lambda one: one.value):
        member = _MEMBERS[endpoint]
        document[f"{member}_auth_methods_supported"] = methods
        document[f"{member}_auth_signing_alg_values_supported"] = signed
    if profile.takes_sealed:
        document["payload_jwks_uri"] = url_of(profile, Endpoint.PAYLOAD_JWKS)
    if profile.registration is not None:
        document["registration_endpoint"] = url_of(profile, Endpoint.REGISTRATION)
    if profile.mtls_origin:
        document["mtls_endpoint_aliases"] = {
            member: profile.mtls_origin + _base(path_of(profile, endpoint)) for endpoint, member in _MEMBERS.items()
        }
    return document


def _base(path: str) -> str:
    """Return what a client puts a grant's id behind."""
    return path.removesuffix(f"/{VARIABLE}")


def _authentication_methods(profile: Profile) -> list[str]:
    methods = ["private_key_jwt"]
    if profile.trusts_subjects:
        methods.append("tls_client_auth")
    if profile.mtls_origin:
        methods.append("self_signed_tls_client_auth")
    return methods
