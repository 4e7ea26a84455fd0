"""Put a receipt for the decision on an answer."""

from ringfence.audit.receipt import HEADER, MEMBERS, ReceiptKey, write
from ringfence.clock import Instant
from ringfence.events.calls import CallDecided
from ringfence.gateway.ports import Receipts
from ringfence.message import Response
from ringfence.store.interface import Unavailable


def receipt_key(receipts: Receipts | None, now: Instant) -> ReceiptKey:
    """Return the key of the moment.  Raises Unavailable, also where there are no keys at all."""
    if receipts is None:
        raise Unavailable("there are no keys for receipts")
    return receipts.key(now)


def with_receipt(response: Response, event: CallDecided, key: ReceiptKey) -> Response:
    """Return the answer with a receipt for what its event says."""
    value = write({name: getattr(event, name) for name in MEMBERS}, key)
    return Response(response.status, (*response.headers, (HEADER, value)), response.body)
