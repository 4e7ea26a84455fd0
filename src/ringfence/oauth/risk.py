"""Is a password enough, with what the watch has against the customer, the name that was typed and the network?  NIST SP 800-63B-4 §3.2.2."""

from ringfence.networks import network_of
from ringfence.oauth.exchange import Exchange, Server
from ringfence.oauth.known_browser import recognise
from ringfence.oauth.login_names import name_digest
from ringfence.problem import Reason, Refused
from ringfence.store.model import User
from ringfence.store.risk import entity_key, risk_of


async def require_low_risk(user: User, exchange: Exchange, server: Server) -> User:
    """Return the customer, who has no second factor, if the password is enough.

    It always is in a browser that the customer has logged in from: who guesses from elsewhere shuts nobody out there.

    Raises:
        Refused: SECOND_FACTOR.
        Unavailable: the risk cannot be read.
    """
    threshold = server.profile.second_factor_at_risk
    if threshold is None or recognise(exchange.request, user):
        return user
    network = network_of(exchange.request.peer.address)
    named = [("user", user.user_id), ("name", name_digest(user.username, server)), ("network", network)]
    rows = server.ports.risks.get([entity_key(kind, value) for kind, value in named])
    risk = risk_of(((kind, row) for (kind, _), row in zip(named, rows, strict=True)), exchange.now)
    if risk.score >= threshold:
        raise Refused(
            Reason.SECOND_FACTOR,
            "your password alone is not enough at the moment; use a browser that you have logged in from before, or a second factor",
            private=f"risk {risk.score:g}: {' '.join(risk.reasons)}",
        )
    return user
