import pytest

from ringfence.app.export.posting import Poster
from ringfence.app.export.sink import Away
from ringfence.app.export.tls import client_tls
from ringfence.app.export.webhooks import Webhooks
from ringfence.clock import Instant
from ringfence.export.line import Line
from ringfence.export.signature import signed_headers
from ringfence.secret import Secret
from tests.listening import HttpListener

LINES = [Line(n, f"{n}-a", "alert.raised", Instant(1.0), 4, f'{{"n":{n}}}') for n in (1, 2)]


def sink(listener: HttpListener, secret=lambda: "s" * 32) -> Webhooks:
    poster = Poster(f"http://127.0.0.1:{listener.port}/", lambda: client_tls(None, None, None))
    return Webhooks(poster, secret, lambda: Instant(1_800_000_000.0))


async def test_one_alert_one_signed_post() -> None:
    with HttpListener() as listener:
        assert await sink(listener).send(LINES) == 1
        ((headers, body),) = listener.posts
        expected = signed_headers(Secret("s" * 32), "msg_1-a", body, Instant(1_800_000_000.0))
        assert expected.items() <= headers.items()
        assert body == b'{"n":1}'


async def test_no_secret_no_post_and_a_refusal_is_told() -> None:
    def gone() -> str:
        raise ValueError("empty")

    with HttpListener(status=lambda *_: 413) as listener:
        with pytest.raises(Away, match="secret"):
            await sink(listener, gone).send(LINES)
        assert listener.tried == 0
        with pytest.raises(Away, match="413"):
            await sink(listener).send(LINES)
