import msgspec
import pytest

from ringfence.admin.api import create_app
from ringfence.admin.signals import standing_of
from ringfence.clock import Instant
from ringfence.policy.signals_model import Polled, PushedToUs, Signals, SubjectRule, Transmitter
from ringfence.store.model import Client
from ringfence.store.push_model import SignalPush
from ringfence.store.received_model import TransmitterState
from ringfence.store.signals_model import PendingSignal, SignalStream

NOW = Instant(1_800_000_000.0)
RULE = Transmitter(
    issuer="https://idp.example",
    events={"session-revoked": ()},
    subjects=(SubjectRule(format="opaque", names="user"),),
    push=PushedToUs(token_file="t"),
    poll=Polled(url="https://idp.example/poll"),
    silent_after_seconds=100,
)


async def get(policy, ports, path: str) -> list[dict]:
    import httpx  # noqa: PLC0415 - beside the application that it calls

    transport = httpx.ASGITransport(create_app(policy, ports))
    async with httpx.AsyncClient(transport=transport, base_url="http://management") as http:
        answer = await http.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_streams_with_what_waits_and_why(policy, ports):
    records = ports.records
    for name in ("one", "two"):
        await records.add_client(Client(client_id=name, name=name, created_at=NOW))
    push = SignalPush(stream_id="s1", client_id="one", endpoint_url="https://one.example/", sealed="s3aled")
    await records.add_signal_stream(SignalStream(stream_id="s1", client_id="one", created_at=NOW), push)
    await records.add_signal_stream(SignalStream(stream_id="s2", client_id="two", created_at=NOW))
    await records.keep_signal(PendingSignal(stream_id="s1", jti="j", token="t0ken", created_at=NOW), 9)
    far = Instant(NOW + 1e6)
    (claimed,) = await records.claim_pushes("p", NOW, far, 9)
    await records.put_off_push(claimed, "answered 503", 0, NOW, far)
    first, second = await get(policy, ports, "/signals/streams")
    assert (first["method"], first["pending"], first["error"], first["failing_since"]) == (
        "push",
        1,
        "answered 503",
        NOW,
    )
    assert (first["attempts"], first["due_at"], first["endpoint_url"]) == (1, far, "https://one.example/")
    assert (second["method"], second["pending"], second["endpoint_url"], second["due_at"]) == ("poll", 0, "", None)
    assert "s3aled" not in str(first)
    assert "t0ken" not in str(first)


async def test_transmitters_of_the_policy_heard_of_or_not(policy, ports):
    changed = msgspec.structs.replace(policy, signals=Signals(transmitters={"idp": RULE, "new": RULE}))
    for name in ("idp", "gone"):
        await ports.records.count_refusal(name, "signal-key", NOW)
    await ports.records.note_failing("idp", NOW)
    await ports.records.note_transmitter("idp", poll_error="answered 401", polled_at=NOW)
    first, second = await get(changed, ports, "/signals/transmitters")
    assert (first["name"], first["ways"], first["standing"]) == ("idp", ["push", "poll"], "failing")
    assert (first["poll_error"], first["refused"], first["error"]) == ("answered 401", 1, "signal-key")
    assert (second["name"], second["standing"], second["received"]) == ("new", "unheard", 0)


@pytest.mark.parametrize(
    ("state", "standing"),
    [
        ({}, "unheard"),
        ({"heard_at": NOW}, "ok"),
        ({"heard_at": Instant(NOW - 100)}, "silent"),
        ({"heard_at": Instant(NOW - 100), "polled_at": NOW}, "ok"),
        ({"heard_at": NOW, "failing_since": NOW}, "failing"),
        ({"heard_at": NOW, "stream_status": "paused"}, "paused"),
        ({"heard_at": NOW, "stream_status": "disabled"}, "disabled"),
        ({"heard_at": NOW, "stream_status": "enabled"}, "ok"),
    ],
)
def test_the_worst_that_is_known_is_told(state, standing):
    assert standing_of(RULE, TransmitterState(name="idp", **state), NOW) == standing
