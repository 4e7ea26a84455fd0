import json

import pytest

from ringfence.app.export.posting import Poster
from ringfence.app.export.sink import Away, Unwanted
from ringfence.app.export.tls import client_tls
from ringfence.app.export.webhooks import Webhooks
from ringfence.clock import Instant
from ringfence.export.signature import signed_headers
from ringfence.secret import Secret
from tests.listening import HttpListener
from tests.told import message, notice


def sink(listener: HttpListener, secret=lambda: "s" * 32) -> Webhooks:
    poster = Poster(f"http://127.0.0.1:{listener.port}/", lambda: client_tls(None, None, None))
    return Webhooks(poster, secret, lambda: Instant(1_800_000_000.0))


async def test_one_alert_one_signed_post() -> None:
    with HttpListener() as listener:
        await sink(listener).tell(message())
        ((headers, body),) = listener.posts
        expected = signed_headers(Secret("s" * 32), "msg_p1t1", body, Instant(1_800_000_000.0))
        assert expected.items() <= headers.items()
        assert body == b'{"n":1}'


async def test_no_secret_no_post_and_a_refusal_is_told() -> None:
    def gone() -> str:
        raise ValueError("empty")

    with HttpListener(status=lambda *_: 413) as listener:
        with pytest.raises(Away, match="secret"):
            await sink(listener, gone).tell(message())
        assert listener.tried == 0
        with pytest.raises(Unwanted, match="413"):
            await sink(listener).tell(message())


async def test_a_digest_is_one_post_with_an_id_of_its_own() -> None:
    with HttpListener() as listener:
        many = message(*(notice(n) for n in range(1, 500)))
        await sink(listener).tell(many)
        await sink(listener).tell(many)
        (first, body), (second, again) = listener.posts
        assert json.loads(body)["data"]["count"] == 499
        assert (first["webhook-id"], body) == (second["webhook-id"], again)
        assert first["webhook-id"].startswith("digest_")
