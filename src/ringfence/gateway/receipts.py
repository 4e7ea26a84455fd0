"""Put a receipt for the decision on an answer."""

from ringfence.audit.receipt import HEADER, MEMBERS, ReceiptKey, write
from ringfence.events.calls import CallDecided
from ringfence.message import Response


def with_receipt(response: Response, event: CallDecided, key: ReceiptKey) -> Response:
    """Return the answer with a receipt for what its event says."""
    value = write({name: getattr(event, name) for name in MEMBERS}, key)
    return Response(response.status, (*response.headers, (HEADER, value)), response.body)
