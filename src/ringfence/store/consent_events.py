"""Tell that a consent came to another state."""

from ringfence.clock import Instant
from ringfence.events.consents import ConsentMoved
from ringfence.store.model import Consent


def consent_moved(consent: Consent, correlation: str, now: Instant, why: str = "") -> ConsentMoved:
    """Return the event of a consent that has come to the state that it is in."""
    return ConsentMoved(
        at=now,
        correlation=correlation,
        consent=consent.consent_id,
        state=consent.state.value,
        client=consent.client_id,
        user=consent.user_id,
        grant=consent.grant_id,
        text_version=consent.text_version,
        text_sha256=consent.text_sha256,
        why=why,
    )
