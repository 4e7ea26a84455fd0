import pytest
from calls import limited, located, operation, request
from calls import token as token_of

from ringfence.gateway.forward import OURS, forward
from ringfence.gateway.stages import Assessed, Identified, Limited, Reworked, Screened, Valid
from ringfence.message import Headers, Response
from ringfence.policy.model import Upstream
from ringfence.problem import Reason, Refused


class Sender:
    def __init__(self, answer: Response) -> None:
        self.answer = answer
        self.seen: tuple[str, str, str, Headers, bytes] | None = None

    async def send(
        self, name: str, upstream: Upstream, method: str, target: str, headers: Headers, body: bytes
    ) -> Response:
        self.seen = (name, method, target, headers, body)
        return self.answer


def valid(query: str = "", headers: Headers = ()) -> Reworked:
    passed = Valid(limited(operation(), request(query=query, headers=headers)), b"body", None, {})
    return Reworked(Screened(passed), b"body")


async def test_credentials_stay_here_and_identity_goes_on() -> None:
    sender = Sender(Response(204, ()))
    secret = tuple((name, "secret") for name in sorted(OURS))
    await forward(valid("a=%20", (*secret, ("accept", "x"))), sender)
    assert sender.seen is not None
    name, method, target, headers, body = sender.seen
    assert (name, method, target, body) == ("bank/v1", "GET", "/a?a=%20", b"body")
    assert not [value for _, value in headers if value == "secret"]
    assert len({name for name, _ in headers}) == len(headers)
    assert dict(headers) == {
        "accept": "x",
        "traceparent": "00-" + "0" * 31 + "1-" + "0" * 15 + "1-01",
        "x-correlation-id": "c" * 26,
        "x-ringfence-client": "client_a",
        "x-ringfence-user": "user_a",
        "x-ringfence-grant": "grant_a",
        "x-ringfence-scopes": "accounts",
    }


async def test_the_api_is_told_who_acts_for_whom() -> None:
    sender = Sender(Response(204, ()))
    token = token_of(actors=("client_a", "client_b"))
    passed = Limited(Assessed(Identified(located(operation(), request()), token, None)), -1)
    await forward(Reworked(Screened(Valid(passed, b"", None, {})), b""), sender)
    assert sender.seen is not None
    assert dict(sender.seen[3])["x-ringfence-actors"] == "client_a client_b"


async def test_the_answer_carries_the_correlation_id() -> None:
    response = await forward(valid(), Sender(Response(404, (("content-type", "text/plain"),), b"no")))
    assert (response.status, response.body) == (404, b"no")
    assert ("x-correlation-id", "c" * 26) in response.headers


@pytest.mark.parametrize(
    ("status", "reason"), [(500, Reason.UPSTREAM_FAILED), (502, Reason.UPSTREAM_FAILED), (503, Reason.UPSTREAM_BUSY)]
)
async def test_a_server_error_is_ours_to_word(status: int, reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        await forward(valid(), Sender(Response(status, (("x-powered-by", "x"),), b"trace")))
    assert refused.value.reason is reason
    assert str(status) in refused.value.private
    assert str(status) not in refused.value.detail


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("http://127.0.0.1:9/a/7?b=c", "https://api.example/a/7?b=c"),
        ("http://127.0.0.1:9", "https://api.example"),
        ("http://127.0.0.1:9?x", "https://api.example?x"),
        ("https://127.0.0.1:9/a", None),
        ("//127.0.0.1:9/a", None),
        ("http://127.0.0.1:90/a", "http://127.0.0.1:90/a"),
        ("https://bank.example/a", "https://bank.example/a"),
        ("/a/7", "/a/7"),
        ("http://[x", None),
    ],
)
async def test_the_upstreams_own_address_is_shown_as_ours_or_not_at_all(said: str, shown: str | None) -> None:
    for name in ("location", "content-location"):
        response = await forward(valid(), Sender(Response(303, ((name, said), ("x", "y")))))
        assert dict(response.headers).get(name) == shown
        assert ("x", "y") in response.headers
