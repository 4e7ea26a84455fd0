import re

import msgspec
import pytest

from ringfence.ids import token_hash
from ringfence.oauth.login_names import name_digest
from ringfence.problem import MEANINGS, Reason


async def test_every_answer_has_its_correlation_id_and_every_decision_its_event(bank):
    answer = await bank.partner.token({"grant_type": "client_credentials", "scope": "accounts"})
    (event,) = bank.events.of("TokenDecided")
    assert re.fullmatch("[a-z2-7]{26}", answer.headers["x-correlation-id"])
    assert event.correlation == answer.headers["x-correlation-id"]
    assert (event.endpoint, event.client, event.grant_type) == ("token", "client_one", "client_credentials")
    assert (event.scopes, event.network) == (("accounts",), "203.0.113.9")


async def test_an_accident_of_ours_tells_nothing(bank):
    class Broken:
        def public_jwks(self):
            raise RuntimeError("the secret path /etc/keys")

    broken = type(bank)(bank.policy, msgspec.structs.replace(bank.ports, signer=Broken()), bank.clock, bank.events)
    answer = await broken.http.get("/oauth/jwks")
    await broken.http.aclose()
    assert (answer.status_code, answer.json()["error"]) == (500, "server_error")
    assert "secret" not in answer.text
    assert bank.events.seen[-1].private == "RuntimeError"


async def test_events_hold_no_secret(bank):
    body = await bank.partner.tokens()
    await bank.partner.token({"grant_type": "refresh_token", "refresh_token": body["refresh_token"] + "x"})
    told = repr(bank.events.seen)
    for secret in (body["access_token"], body["refresh_token"], body["id_token"], "right", "username='mia'"):
        assert secret not in told
    assert token_hash("mia") not in told
    assert name_digest("mia", bank.server) in told


class Sending:
    """A caller who sends a body in pieces of 16 KiB."""

    def __init__(self, bank, method: str, pieces: int) -> None:
        self.bank, self.method, self.pieces, self.taken, self.sent = bank, method, pieces, 0, []

    async def receive(self):
        self.taken += 1
        return {"type": "http.request", "body": b"a" * 16_384, "more_body": self.taken < self.pieces}

    async def send(self, message):
        self.sent.append(message)

    async def status(self) -> int:
        headers = [(name.encode(), value.encode()) for name, value in self.bank.http.headers.items()]
        scope = {"type": "http", "method": self.method, "path": "/oauth/token", "query_string": b"", "headers": headers}
        await self.bank.app(scope, self.receive, self.send)
        return self.sent[0]["status"]


@pytest.mark.parametrize(("method", "pieces", "status"), [("POST", 5, 413), ("PUT", 2, 405), ("PUT", 30, 413)])
async def test_a_refused_body_is_read_to_its_end(bank, method, pieces, status):
    """A connection closed on unread octets is reset, and the edge would say 503 in place of the refusal."""
    sending = Sending(bank, method, pieces)
    assert (await sending.status(), sending.taken) == (status, pieces)


async def test_a_body_without_end_is_not_read_for_ever(bank):
    sending = Sending(bank, "POST", 10**9)
    assert (await sending.status(), sending.taken) == (413, 65)


async def test_a_head_has_no_body(bank):
    answer = await bank.http.head("/oauth/jwks")
    assert answer.content == b""
    assert int(answer.headers["content-length"]) > 100


async def test_the_event_has_the_exact_reason_where_the_answer_is_general(bank):
    """Several reasons share one OAuth code: the partner's developer sees the title, the bank the reason."""
    partner, form = bank.partner, {"grant_type": "client_credentials", "scope": "accounts"}
    assertion = partner.assertion()
    await partner.token(form | {"client_assertion": assertion})
    code = await partner.code()
    await partner.token(partner.redemption(code))
    stranger = type(partner)(bank, "client_stranger")
    provoked = [
        (lambda: stranger.token(form), Reason.CLIENT_UNKNOWN),
        (lambda: partner.token(form | {"client_assertion": assertion}), Reason.ASSERTION_REPLAYED),
        (lambda: partner.token(form | {"client_assertion": partner.assertion(aud="x")}), Reason.ASSERTION_INVALID),
        (lambda: partner.token({"grant_type": "password"}), Reason.GRANT_TYPE_UNSUPPORTED),
        (lambda: partner.token(partner.redemption(code)), Reason.GRANT_REPLAYED),
        (lambda: partner.token(partner.redemption("x")), Reason.GRANT_INVALID),
        (lambda: bank.http.get("/oauth/authorize?client_id=client_one"), Reason.PUSHED_REQUEST_REQUIRED),
        (lambda: bank.http.get("/oauth/authorize?request_uri=x"), Reason.REQUEST_URI_INVALID),
    ]
    for provoke, reason in provoked:
        answer = await provoke()
        assert answer.status_code == MEANINGS[reason].status
        assert bank.events.seen[-1].reason == reason.value
