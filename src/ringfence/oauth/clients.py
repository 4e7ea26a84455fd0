"""Authenticate a client in the one way that it registered.  RFC 7521 §4.2; RFC 8705 §2; FAPI 2.0 SP §5.3.2.1-6 to -8."""

from typing import Final

import msgspec

from ringfence.clients.algorithms import taken
from ringfence.clients.key_overlap import keys_in_force
from ringfence.oauth.checks.client_status import require_active
from ringfence.oauth.exchange import Exchange, Server
from ringfence.problem import Reason, Refused
from ringfence.proofs.client_assertion import KIND, Assertion, peek_client_id, verify_client_assertion
from ringfence.proofs.mtls import certificate_end, check_self_signed, check_subject
from ringfence.store.model import Client

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""RFC 7523 §2.2."""

_BY_CERTIFICATE: Final = ("tls_client_auth", "self_signed_tls_client_auth")


async def authenticate_client(exchange: Exchange, server: Server) -> Exchange:
    """Return the exchange with its client.

    Raises:
        Refused: CLIENT_UNKNOWN, CLIENT_AUTHENTICATION, ASSERTION_INVALID or ASSERTION_REPLAYED.
    """
    parameters = exchange.parameters
    if exchange.request.header("authorization") is not None or "client_secret" in parameters:
        raise Refused(Reason.CLIENT_AUTHENTICATION, "client secrets are not taken")
    named = parameters.get("client_id", "")
    assertion = parameters.get("client_assertion", "")
    if not assertion:
        if "client_assertion_type" in parameters:
            raise Refused(Reason.CLIENT_AUTHENTICATION, "client_assertion is missing")
        client = await known_client(named, server)
        await _check_certificate(client, exchange, server)
    else:
        if parameters.get("client_assertion_type") != ASSERTION_TYPE:
            raise Refused(Reason.CLIENT_AUTHENTICATION, "client_assertion_type is missing or unknown")
        claimed = peek_client_id(assertion)
        if named and named != claimed:
            raise Refused(Reason.CLIENT_AUTHENTICATION, "client_id and client_assertion name two clients")
        client = await known_client(claimed, server)
        verified = await _check_assertion(assertion, client, exchange, server)
        if not await server.ports.fast.claim(verified.replay_key, verified.replay_until, exchange.now):
            raise Refused(Reason.ASSERTION_REPLAYED)
    return msgspec.structs.replace(exchange, client=require_active(client))


async def known_client(client_id: str, server: Server) -> Client:
    """Return the client of that id.  Raises Refused CLIENT_UNKNOWN."""
    client = await server.ports.records.client(client_id) if client_id else None
    if client is None:
        raise Refused(Reason.CLIENT_UNKNOWN)
    return client


async def _check_assertion(raw: str, client: Client, exchange: Exchange, server: Server) -> Assertion:
    if client.authentication != "private_key_jwt":
        raise Refused(Reason.CLIENT_AUTHENTICATION, f"it registered {client.authentication}")
    profile = server.profile
    return verify_client_assertion(
        raw,
        client_keys=await server.ports.client_keys.of(client, raw, KIND, Reason.CLIENT_AUTHENTICATION),
        client_id=client.client_id,
        issuer=profile.issuer,
        algorithms=taken(client.assertion_algorithm, profile.client_algorithms),
        now=exchange.now,
        skew=profile.skew,
    )


async def _check_certificate(client: Client, exchange: Exchange, server: Server) -> None:
    if client.authentication not in _BY_CERTIFICATE:
        raise Refused(Reason.CLIENT_AUTHENTICATION, f"it registered {client.authentication}")
    peer = exchange.request.peer
    if not peer.certificate_sha256:
        raise Refused(Reason.CLIENT_AUTHENTICATION, "no client certificate was presented")
    if client.authentication == "self_signed_tls_client_auth":
        check_self_signed(peer, keys_in_force(client, exchange.now))
        return
    if not server.profile.trusts_subjects:
        # where any certificate may connect, anybody can write any subject into one
        raise Refused(Reason.CLIENT_AUTHENTICATION, "tls_client_auth is not offered by this server")
    check_subject(peer, client.tls_subject)
    ends = certificate_end(peer)
    if client.certificate_expires_at is None or ends > client.certificate_expires_at:
        # a newer one than was known: its end is what is warned of
        await server.ports.records.note_certificate(client.client_id, ends)
