"""Who is at the other end of a request to the authorization server.  RFC 8705 §2, §3."""

from ringfence.message import Headers, Peer
from ringfence.problem import Reason, Refused
from ringfence.proofs import peer as edge


def read_peer(headers: Headers) -> tuple[Peer, str]:
    """Return the peer and the listener's name, `public` or `mtls`.

    Raises:
        Refused: INTERNAL where a field that the edge sets is missing, repeated or cannot be read.
    """
    listener = _only(headers, edge.LISTENER)
    return edge.read_peer(_only(headers, edge.PEER), listener, _only(headers, edge.CERTIFICATE)), listener or ""


def _only(headers: Headers, name: str) -> str | None:
    values = [value for key, value in headers if key == name]
    if len(values) > 1:
        raise Refused(Reason.INTERNAL, private=f"the edge's field {name} came {len(values)} times")
    return values[0] if values else None
