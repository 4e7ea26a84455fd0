from ringfence.admin.client_shown import DAY_SECONDS, shown
from ringfence.clock import Instant
from ringfence.store.model import Client
from ringfence.store.registrations import Registration

NOW = Instant(1_800_000_000.0)


def test_what_ends_soon_is_marked(policy) -> None:
    client = Client(
        client_id="c", name="C", name_key="c", certificate_expires_at=Instant(NOW + 31 * DAY_SECONDS), created_at=NOW
    )
    registration = Registration(
        client_id="c",
        token_hash="the-hash",
        statement_issuer="https://d.example",
        software_id="s",
        statement_expires_at=Instant(NOW + 30 * DAY_SECONDS),
        described={"contacts": ["ops@c.example"]},
        created_at=NOW,
        changed_at=NOW,
    )
    found = shown(client, registration, policy, NOW)
    assert found["ends"] == [
        {"what": "software statement", "at": NOW + 30 * DAY_SECONDS, "soon": True},
        {"what": "certificate", "at": NOW + 31 * DAY_SECONDS, "soon": False},
    ]
    assert found["registration"]["statement_issuer"] == "https://d.example"
    assert found["registration"]["contacts"] == ["ops@c.example"]
    assert "the-hash" not in str(found)
    assert "name_key" not in found


def test_a_client_of_the_operators_is_told_as_its_record(policy) -> None:
    found = shown(Client(client_id="c", name="C", created_at=NOW), None, policy, NOW)
    assert found["ends"] == []
    assert "registration" not in found
