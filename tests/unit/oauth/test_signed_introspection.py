import msgspec
import pytest

from ringfence.ids import CorrelationId
from ringfence.message import Peer, Request, TraceContext
from ringfence.oauth.signed_introspection import MEDIA_TYPE, accepted_type

JSON = "application/json"
REQUEST = Request(
    method="POST",
    scheme="https",
    authority="bank.example",
    path="/oauth/introspect",
    query="",
    headers=(),
    body=b"",
    peer=Peer("192.0.2.7"),
    correlation=CorrelationId("c" * 26),
    trace=TraceContext("0" * 31 + "1", "0" * 15 + "1", sampled=True),
)


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ((), JSON),
        (("*/*",), JSON),
        (("application/json",), JSON),
        ((MEDIA_TYPE,), MEDIA_TYPE),
        ((MEDIA_TYPE.upper(),), MEDIA_TYPE),
        ((f"{MEDIA_TYPE}, application/json",), MEDIA_TYPE),
        ((f"application/json, {MEDIA_TYPE};q=0.5",), JSON),
        ((f"application/json;q=0.5, {MEDIA_TYPE}",), MEDIA_TYPE),
        ((f"{MEDIA_TYPE};q=0",), JSON),
        ((f"{MEDIA_TYPE};q=0, */*",), JSON),
        ((f"{MEDIA_TYPE}; q=x",), MEDIA_TYPE),
        ((JSON, MEDIA_TYPE), MEDIA_TYPE),
        (("application/*",), JSON),
        ((",;,",), JSON),
    ],
)
def test_the_jwt_is_chosen_where_it_is_named_and_not_worth_less(accept, chosen):
    headers = tuple(("accept", line) for line in accept)
    assert accepted_type(msgspec.structs.replace(REQUEST, headers=headers)) == chosen
