"""Does so much speak against the caller that the customer has to show anew who they are?  RFC 9470 §3.

What the watch has seen is read in one transaction for everything that the call is known by. Risk never
refuses alone: a customer whose login is new and strong passes, and so does a client's own token.
"""

from ringfence.clock import Instant
from ringfence.gateway.login_demands import require_login
from ringfence.gateway.stages import Assessed, Authorized, Weighed
from ringfence.networks import network_of
from ringfence.store.risk import RiskRows, entity_key, risk_of


def weigh(authorized: Authorized, rows: RiskRows, now: Instant) -> Weighed:
    """Return the call with the risk of its network, client, grant and customer together.

    Raises:
        Unavailable: the risk cannot be read.
    """
    token = authorized.identified.token
    network = network_of(authorized.identified.located.request.peer.address)
    known_by = [("network", network), ("client", token.client_id), ("grant", token.grant_id), ("user", token.user_id)]
    known_by += [("client", actor) for actor in token.actors[1:]]  # the first is the client
    named = [(kind, value) for kind, value in known_by if value]
    found = rows.get([entity_key(kind, value) for kind, value in named])
    if not any(found):
        return Weighed(authorized.identified)
    risk = risk_of(((kind, row) for (kind, _), row in zip(named, found, strict=True)), now)
    return Weighed(authorized.identified, risk.score, risk.reasons)


def assess(weighed: Weighed, challenge: str, now: Instant) -> Assessed:
    """Check that the login is strong and new enough for the risk.

    Args:
        weighed: the call.
        challenge: the `WWW-Authenticate` value without an error.
        now: the present.

    Raises:
        Refused: AUTHENTICATION_INSUFFICIENT.
    """
    demand = weighed.identified.located.operation.demands.risk
    token = weighed.identified.token
    if demand is not None and weighed.risk >= demand.step_up_at and token.user_id:
        require_login(token, demand.acr, demand.max_age_seconds, challenge, now)
    return Assessed(weighed.identified, weighed.risk, weighed.reasons)
