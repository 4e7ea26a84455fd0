"""Turn away callers from a network that is kept out for a while, before anything is tried."""

from ringfence.networks import network_of
from ringfence.oauth.exchange import Exchange, Server
from ringfence.problem import Reason, Refused
from ringfence.store.blocks import network_block
from ringfence.store.interface import Admission


async def refuse_blocked_network(exchange: Exchange, server: Server) -> Exchange:
    """Return the exchange if its network is not kept out.

    Raises:
        Refused: NETWORK_BLOCKED.
        Unavailable: the shared state is gone.
    """
    network = network_of(exchange.request.peer.address)
    admitted = await server.ports.fast.admit(Admission(blocks=(network_block(network),)), exchange.now)
    if admitted.blocked >= 0:
        raise Refused(Reason.NETWORK_BLOCKED, "try again later, or from another network")
    return exchange
