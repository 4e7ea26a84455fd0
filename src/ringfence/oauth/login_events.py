"""Tell of an attempt to log in, or of a factor that was asked for again, wherever it was made.  NIST SP 800-63B-4 §3.2.2."""

from ringfence.agents import agent_of
from ringfence.events.logins import LoginDecided
from ringfence.oauth.exchange import Exchange, Server
from ringfence.oauth.login_names import name_digest


def login_decided(
    exchange: Exchange,
    server: Server,
    username: str,
    *,
    user: str = "",
    client: str = "",
    reason: str = "",
    acr: str = "",
) -> LoginDecided:
    """Return the event of an attempt, which succeeded where there is no reason.

    Args:
        exchange: the form that it came with.
        server: settings and ports.
        username: as it was typed, or as the customer is called; the event holds its hash.
        user: the customer's id, where it is certain who it was.
        client: whose request it was; empty for that of the exchange, if there is one.
        reason: why it was refused.
        acr: class of the login.
    """
    agent = agent_of(exchange.request.header("user-agent"))
    return LoginDecided(
        at=exchange.now,
        correlation=exchange.request.correlation,
        allowed=not reason,
        username_hash=name_digest(username, server),
        user=user,
        client=client or (exchange.client.client_id if exchange.client else ""),
        network=exchange.request.peer.address,
        agent=agent.digest,
        agent_class=agent.kind,
        reason=reason,
        acr=acr,
        listed=exchange.listed,
    )
