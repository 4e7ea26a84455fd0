"""Sign a webhook, so that who gets it knows from whom, when, and that it is whole.  Standard Webhooks 1.0.0; RFC 2104."""

import base64
import hashlib
import hmac

from ringfence.clock import Instant
from ringfence.secret import Secret


def signed_headers(secret: Secret, message_id: str, body: bytes, now: Instant) -> dict[str, str]:
    """Return the headers that go with a body.

    Args:
        secret: its text is the key; both sides hold it.
        message_id: the same for every attempt, so that a repetition is known.
        body: as it is sent.
        now: a receiver refuses what is old.
    """
    stamp = str(int(now))
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    mac = base64.b64encode(hmac.new(secret.reveal().encode(), signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": f"v1,{mac}"}
