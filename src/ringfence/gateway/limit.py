"""Revocation, replay and rate in one transaction on the shared state."""

import math
from hashlib import sha256

from ringfence.clock import Instant
from ringfence.gateway.measures import proved_at, slowing, step_up_demanded, step_up_marks
from ringfence.gateway.ports import Admissions
from ringfence.gateway.stages import Authorized, Limited
from ringfence.networks import network_of
from ringfence.policy.model import Limit
from ringfence.problem import Reason, Refused
from ringfence.store.blocks import (
    client_block,
    grant_block,
    key_block,
    network_block,
    session_block,
    token_block,
    user_block,
)
from ringfence.store.interface import Admission, Bucket

LONGEST_PLAIN_IDENTITY = 96
"""Characters of an identity that stand in a bucket's key as they are; a longer one is hashed."""


async def limit(
    authorized: Authorized,
    admissions: Admissions,
    now: Instant,
    *,
    step_up_acr: tuple[str, ...] = (),
    challenge: str = "",
) -> Limited:
    """Check that the token is not revoked and no step-up open, claim the proof, and charge every bucket.

    Args:
        authorized: the call.
        admissions: the shared state.
        now: the present.
        step_up_acr: classes of login that fulfil a step-up.
        challenge: the `WWW-Authenticate` value without an error.

    Raises:
        Refused: NETWORK_BLOCKED, TOKEN_REVOKED, AUTHENTICATION_INSUFFICIENT, PROOF_REPLAYED or RATE_LIMITED (with `retry-after` in whole seconds).
        Unavailable: the shared state is gone.
    """
    identified = authorized.identified
    token, proof, operation = identified.token, identified.proof, identified.located.operation
    caller = identified.located.request.peer.address
    blocks = [network_block(network_of(caller)), token_block(token.jti), client_block(token.client_id)]
    blocks.append(key_block(token.kid))
    blocks += [client_block(actor) for actor in token.actors[1:]]  # the first is the client
    if token.sid:
        blocks.append(session_block(token.sid))
    if token.grant_id:
        blocks.append(grant_block(token.grant_id))
    if token.user_id:
        blocks.append(user_block(token.user_id))
    asked = Admission(
        blocks=tuple(blocks),
        claims=() if proof is None else ((proof.replay_key, proof.replay_until),),
        buckets=tuple(_bucket(name, rule, authorized) for name, rule in operation.demands.limits),
        step_up=step_up_marks(token),
        proved_at=proved_at(token, step_up_acr),
    )
    answer = await admissions.admit(asked, now)
    if answer.blocked == 0:
        raise Refused(Reason.NETWORK_BLOCKED, "this network is kept out for a while; the correlation id names the case")
    if answer.blocked > 0:
        raise Refused(Reason.TOKEN_REVOKED, "the grant, client, customer, login or key behind it no longer stands")
    if answer.step_up >= 0:
        raise step_up_demanded(step_up_acr, challenge, now - answer.step_up_since)
    if answer.replayed >= 0:
        raise Refused(Reason.PROOF_REPLAYED, "make a new proof, with a new jti, for every call")
    if answer.limited >= 0:
        name, rule = operation.demands.limits[answer.limited]
        seconds = max(1, math.ceil(answer.retry_after))
        raise Refused(
            Reason.RATE_LIMITED,
            f"limit {name}: {rule.rate_per_second:g} calls a second, bursts of {rule.burst}; try again in {seconds} s",
            headers=(("retry-after", str(seconds)),),
        )
    return Limited(authorized, answer.remaining)


def _bucket(name: str, rule: Limit, authorized: Authorized) -> Bucket:
    """Return the bucket that this call shares with others: GCRA with T = 1/rate and τ = T·burst."""
    identified = authorized.identified
    token = identified.token
    match rule.per:
        case "client":
            identity = token.client_id
        case "user":
            identity = token.user_id or token.client_id
        case "grant":
            identity = token.grant_id or token.jti
        case "network":
            identity = network_of(identified.located.request.peer.address)
        case "operation":
            operation = identified.located.operation
            identity = f"{token.client_id}|{operation.upstream_name}|{operation.operation_id}"
        case "everyone":
            identity = ""
    slowed_by = slowing(rule.per, token, network_of(identified.located.request.peer.address))
    if len(identity) > LONGEST_PLAIN_IDENTITY:
        identity = sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()
    interval = 1.0 / rule.rate_per_second
    return Bucket(
        f"{name}|{identity}".encode("utf-8", "surrogatepass"), interval, interval * rule.burst, 1.0, slowed_by
    )
