"""Revocation, replay, rates, quotas and calls in flight in one transaction on the shared state."""

import math
from functools import partial

from ringfence.clock import Instant
from ringfence.gateway.counted import counted
from ringfence.gateway.measures import proved_at, slowing, step_up_demanded, step_up_marks
from ringfence.gateway.ports import Admissions
from ringfence.gateway.rate_limit_fields import Named, OverLimit, fields
from ringfence.gateway.sharers import identity, key
from ringfence.gateway.stages import Assessed, Limited, Weighing
from ringfence.gateway.weighing import weighed
from ringfence.networks import network_of
from ringfence.policy.limits_model import Limit
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
from ringfence.store.interface import Admission, Admitted
from ringfence.store.measures import superseded_mark


async def limit(
    assessed: Assessed,
    admissions: Admissions,
    now: Instant,
    *,
    step_up_acr: tuple[str, ...] = (),
    challenge: str = "",
) -> Limited:
    """Check that the token is not revoked and no step-up open, claim the proof, and charge every limit.

    Args:
        assessed: the call, whose risk weighs in limits that say so.
        admissions: the shared state.
        now: the present.
        step_up_acr: classes of login that fulfil a step-up.
        challenge: the `WWW-Authenticate` value without an error.

    Raises:
        Refused: NETWORK_BLOCKED, TOKEN_REVOKED, AUTHENTICATION_INSUFFICIENT, PROOF_REPLAYED; RATE_LIMITED,
            QUOTA_EXCEEDED or CALLS_IN_FLIGHT (with `retry-after` in whole seconds).
        Unavailable: the shared state is gone.
    """
    identified = assessed.identified
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
    limits = operation.demands.limits
    keyed = [(rule, key(name, identity(rule.per, token, operation, caller))) for name, rule in limits]
    risk = assessed.risk if 0.0 <= assessed.risk <= 1.0 else 1.0  # what is no score is no good sign
    paying = operation.demands.link is not None and bool(token.consent_id)
    buckets, quotas, leases = counted(
        keyed, operation.demands.cost, now, risk, paying=paying, slowed_by=partial(slowing, token, network_of(caller))
    )
    asked = Admission(
        blocks=tuple(blocks),
        claims=() if proof is None else ((proof.replay_key, proof.replay_until),),
        buckets=buckets,
        quotas=quotas,
        leases=leases,
        step_up=step_up_marks(token),
        proved_at=proved_at(token, step_up_acr),
        superseded=(superseded_mark(token.grant_id),) if token.grant_id else (),
        issued_at=token.issued_at,
    )
    answer = await admissions.admit(asked, now)
    if answer.blocked == 0:
        raise Refused(Reason.NETWORK_BLOCKED, "this network is kept out for a while; the correlation id names the case")
    if answer.blocked > 0:
        raise Refused(Reason.TOKEN_REVOKED, "the grant, client, customer, login or key behind it no longer stands")
    if answer.superseded >= 0:
        raise Refused(Reason.TOKEN_REVOKED, "the customer has decided anew what this grant allows: use a newer token")
    if answer.step_up >= 0:
        raise step_up_demanded(step_up_acr, challenge, now - answer.step_up_since)
    if answer.replayed >= 0:
        raise Refused(Reason.PROOF_REPLAYED, "make a new proof, with a new jti, for every call")
    weighing = weighed(limits, asked, answer)
    if answer.limited >= 0:
        raise _over(*limits[answer.limited], answer, limits, weighing)
    told = fields(limits, answer.standings) if limits else ()
    earning = tuple([bucket.key for bucket in buckets if bucket.weight is not None])
    return Limited(assessed, answer.remaining, leases, told, earning, weighing)


def _over(name: str, rule: Limit, answer: Admitted, limits: Named, weighing: Weighing) -> OverLimit:
    seconds = str(max(1, math.ceil(answer.retry_after)))
    reason, what = Reason.RATE_LIMITED, f"{rule.rate_per_second:g} calls a second, bursts of {rule.burst}"
    if rule.quota is not None:
        reason, what = Reason.QUOTA_EXCEEDED, f"{rule.quota.calls} calls a {rule.quota.window} ({rule.quota.zone})"
    elif rule.in_flight is not None:
        reason, what = Reason.CALLS_IN_FLIGHT, f"{rule.in_flight.calls} calls at once"
    detail = f"limit {name}: {what}; try again in {seconds} s"
    told = fields(limits, answer.standings, answer.limited)
    return OverLimit(reason, detail, (("retry-after", seconds),), told, weighing, f"limit {name}")
