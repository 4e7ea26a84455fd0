from ringfence.clock import Instant
from ringfence.store.consent_events import consent_moved
from ringfence.store.consent_states import ConsentState
from ringfence.store.model import Consent

NOW = Instant(1.0)


def test_an_event_says_who_what_and_to_which_state():
    consent = Consent(
        consent_id="consent_1",
        client_id="c",
        user_id="u",
        grant_id="g",
        state=ConsentState.REVOKED,
        scopes=("a",),
        text_version=1,
        text_sha256="t",
        created_at=NOW,
        changed_at=NOW,
        expires_at=NOW,
    )
    event = consent_moved(consent, "corr", NOW, "why")
    assert (event.consent, event.state, event.client, event.user, event.grant) == (
        "consent_1",
        "Revoked",
        "c",
        "u",
        "g",
    )
    assert (event.text_version, event.text_sha256, event.why) == (1, "t", "why")
