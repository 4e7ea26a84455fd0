import pytest

from ringfence.app.export.batches import Batches
from ringfence.app.export.posting import Poster
from ringfence.app.export.sink import Away
from ringfence.app.export.tls import client_tls
from ringfence.clock import Instant
from ringfence.export.line import Line
from tests.listening import HttpListener


def lines(*texts: str) -> list[Line]:
    return [Line(n, f"{n}-a", "login.decided", Instant(1.0), 1, text) for n, text in enumerate(texts, 1)]


def sink(listener: HttpListener, token=lambda: "t0ken", form: str = "ocsf") -> Batches:
    poster = Poster(f"http://127.0.0.1:{listener.port}/", lambda: client_tls(None, None, None))
    return Batches(poster, token, 500, form)


async def test_a_batch_is_one_post_with_the_token() -> None:
    with HttpListener() as listener:
        assert await sink(listener).send(lines('{"a":1}', '{"a":2}')) == 2
        ((headers, body),) = listener.posts
        assert body == b'{"a":1}\n{"a":2}\n'
        assert (headers["authorization"], headers["content-type"]) == ("Bearer t0ken", "application/x-ndjson")
        await sink(listener, lambda: "", "cef").send(lines("CEF:0"))
        assert "authorization" not in listener.posts[1][0]
        assert listener.posts[1][0]["content-type"].startswith("text/plain")


async def test_what_is_too_large_at_once_goes_in_parts_and_a_single_one_is_never_left_out() -> None:
    with HttpListener(status=lambda _n, body: 413 if body.count(b"\n") > 1 else 200) as listener:
        assert await sink(listener).send(lines("a", "b", "c", "d")) == 1
        assert listener.lines() == ["a"]
    with HttpListener(status=lambda *_: 413) as listener, pytest.raises(Away, match="position 1"):
        await sink(listener).send(lines("a", "b"))


async def test_without_its_token_nothing_is_sent() -> None:
    def gone() -> str:
        raise FileNotFoundError("token")

    with HttpListener() as listener:
        with pytest.raises(Away, match="token"):
            await sink(listener, gone).send(lines("a"))
        assert listener.tried == 0
