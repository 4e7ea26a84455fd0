"""Look at a token of our own that somebody presents: is it genuine, current and not revoked?  RFC 7662 §2.2; RFC 9068 §4."""

import functools
from collections.abc import Mapping

import msgspec

from ringfence.clock import Instant
from ringfence.ids import token_hash
from ringfence.oauth.exchange import Server
from ringfence.oauth.tokens import standing_grant
from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import AccessToken, verify_access_token
from ringfence.proofs.jwk import VerificationKey, parse_jwks
from ringfence.store.blocks import client_block, grant_block, key_block, session_block, token_block, user_block
from ringfence.store.interface import Admission
from ringfence.store.measures import superseded_mark
from ringfence.store.model import RefreshToken


def genuine_access_token(raw: str, server: Server, now: Instant) -> AccessToken:
    """Return an access token that we signed and that has not expired; it may be revoked.

    Raises:
        Refused: a TOKEN_… reason.
    """
    keys = _own_keys(msgspec.json.encode(server.ports.signer.public_jwks()))
    profile = server.profile
    return verify_access_token(
        raw,
        keys.get,
        issuer=profile.issuer,
        audience=profile.audience,
        now=now,
        skew=profile.skew,
        user_of=server.ports.subjects.user_of,
    )


@functools.lru_cache(maxsize=4)
def _own_keys(published: bytes) -> Mapping[str, VerificationKey]:
    """Return what we publish, read; it changes when a key is rotated."""
    return parse_jwks(msgspec.json.decode(published), reason=Reason.INTERNAL)


async def live_access_token(raw: str, server: Server, now: Instant) -> AccessToken:
    """Return an access token that works: genuine, current, and nothing that it stands on is revoked.

    Raises:
        Refused: a TOKEN_… reason.
    """
    token = genuine_access_token(raw, server, now)
    blocks = [token_block(token.jti), grant_block(token.grant_id), key_block(token.kid)]
    clients = dict.fromkeys((token.client_id, *token.actors))
    blocks += [client_block(client_id) for client_id in clients]
    if token.sid:
        blocks.append(session_block(token.sid))
    if token.user_id:
        blocks.append(user_block(token.user_id))
    asked = Admission(blocks=tuple(blocks), superseded=(superseded_mark(token.grant_id),), issued_at=token.issued_at)
    admitted = await server.ports.fast.admit(asked, now)
    if admitted.blocked >= 0 or admitted.superseded >= 0:
        raise Refused(Reason.TOKEN_REVOKED)
    records = server.ports.records
    for client_id in clients:
        client = await records.client(client_id)
        if client is None or client.status != "active":
            raise Refused(Reason.TOKEN_REVOKED)
    if token.grant_id != standing_grant(token.client_id):
        grant = await records.grant(token.grant_id)
        if grant is None or grant.revoked_at is not None:
            raise Refused(Reason.TOKEN_REVOKED)
    return token


async def known_refresh_token(raw: str, server: Server) -> RefreshToken | None:
    """Return a refresh token in whatever state, or None."""
    return await server.ports.records.refresh_token(token_hash(raw))
