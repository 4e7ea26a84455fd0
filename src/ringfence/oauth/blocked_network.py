"""Turn away callers from a network that is kept out, by us for a while or by a feed, before anything is tried."""

import msgspec

from ringfence.networks import network_of
from ringfence.oauth.exchange import Exchange, Server
from ringfence.problem import Reason, Refused
from ringfence.store.blocks import network_block
from ringfence.store.interface import Admission


async def refuse_blocked_network(exchange: Exchange, server: Server) -> Exchange:
    """Return the exchange, with what feeds say of the caller, if its network is not kept out.

    Raises:
        Refused: NETWORK_BLOCKED.
        Unavailable: the shared state is gone.
    """
    request = exchange.request
    address = request.peer.address
    listing = server.ports.intelligence.of(address, request.header("user-agent") or "", exchange.now)
    admitted = await server.ports.fast.admit(Admission(blocks=(network_block(network_of(address)),)), exchange.now)
    if admitted.blocked >= 0 or listing.action == "refuse":
        private = f"listed: {', '.join(listing.feeds)}" if listing.action == "refuse" else ""
        raise Refused(Reason.NETWORK_BLOCKED, "try again later, or from another network", private=private)
    return msgspec.structs.replace(exchange, listed=listing.feeds) if listing.feeds else exchange
