"""From what a client says and what is said for it, to the client as it will be kept.  RFC 7591 §2, §3.1; OpenID Connect Registration §5."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ringfence import strict_json
from ringfence.clients.metadata import Metadata, as_new_client, described, read_metadata
from ringfence.clients.new_client import BUILT_IN, NewClient, check_new_client
from ringfence.clients.sector import check_listed
from ringfence.clients.texts import fault
from ringfence.clock import Instant
from ringfence.fetching import Fetcher, Unfetchable, read_target
from ringfence.oauth.logos import fetch_logo
from ringfence.oauth.registration_faults import as_registration
from ringfence.oauth.trusted_statements import CompiledRegistration, overridden
from ringfence.problem import Refused
from ringfence.store.model import Client
from ringfence.store.registrations import Logo

_MAX_DEPTH = 2
"""Of a list of redirect URIs."""


class Judged(msgspec.Struct, frozen=True):
    """A client that may be registered, and what is kept beside it."""

    client: Client
    described: dict[str, Any]
    logo: Logo | None


async def judge_metadata(
    document: Mapping[str, Any],
    claims: Mapping[str, Any],
    compiled: CompiledRegistration,
    fetcher: Fetcher,
    client_id: str,
    now: Instant,
) -> Judged:
    """Return the client that the metadata makes, every member checked.

    Args:
        document: what the client says.
        claims: what its software statement says, by the names of client metadata; it comes first.
        compiled: what the policy allows.
        fetcher: for the list at a `sector_identifier_uri`, and a picture.
        client_id: of the client that it will be.
        now: the present.

    Raises:
        Refused: CLIENT_METADATA or REDIRECT_URI_UNFIT, with the member that is wrong.
    """
    with as_registration():
        said = read_metadata(overridden(document, claims))
        asked = as_new_client(said, compiled.policy, _named_sector(said))
        _check_allowed(asked, compiled)
        client = check_new_client(asked, compiled.policy, client_id, now)
        # fetched last: only for who is right in everything else
        if said.sector_identifier_uri:
            check_listed(await _fetched(said.sector_identifier_uri, fetcher), client.redirect_uris)
        logo = await fetch_logo(said.logo_uri, client_id, fetcher)
        return Judged(client, described(said), logo)


def _named_sector(said: Metadata) -> str:
    if not said.sector_identifier_uri:
        return ""
    if said.subject_type != "pairwise":
        raise fault("/sector_identifier_uri", "goes with subject_type pairwise only")
    try:
        return read_target(said.sector_identifier_uri).host
    except Unfetchable as why:
        raise fault("/sector_identifier_uri", f"cannot be used: {why}") from None


async def _fetched(url: str, fetcher: Fetcher) -> object:
    """Return the JSON document at a URL.  Raises Refused ADMIN_REQUEST, which tells nothing of our network."""
    try:
        body = (await fetcher.fetch(read_target(url), "")).body
        return strict_json.parse(body, max_depth=_MAX_DEPTH)
    except Unfetchable:
        raise fault("/sector_identifier_uri", "could not be fetched") from None
    except Refused:
        raise fault("/sector_identifier_uri", "does not lead to JSON") from None


def _check_allowed(asked: NewClient, compiled: CompiledRegistration) -> None:
    """Return if the policy lets clients register this for themselves."""
    rule = compiled.rule
    if not asked.grant_types:
        raise fault("/grant_types", "names at least one")
    for grant_type in asked.grant_types:
        if grant_type not in rule.grant_types:
            raise fault("/grant_types", f"is of: {', '.join(rule.grant_types)}")
    if asked.authentication not in rule.authentication:
        raise fault("/authentication", f"is one of: {', '.join(rule.authentication)}")
    mtls = compiled.policy.listeners.mtls
    certificates = mtls.client_certificates if mtls else None
    if asked.authentication == "tls_client_auth" and (certificates is None or certificates.self_signed):
        # where any certificate may connect, anybody can write any subject into one
        raise fault("/authentication", "is not tls_client_auth at this server")
    allowed = (*compiled.policy.oauth.scopes, *BUILT_IN) if rule.scopes is None else rule.scopes
    for scope in asked.scopes:
        if scope not in allowed:
            raise fault("/scopes", f"is of: {' '.join(allowed)}")
