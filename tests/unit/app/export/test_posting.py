from functools import partial
from pathlib import Path

import pytest

from ringfence.app.export.posting import Poster, TooLarge
from ringfence.app.export.sink import Away
from ringfence.app.export.tls import client_tls
from ringfence.clock import system_clock
from ringfence.edge.certificates import create_development_certificates
from tests.listening import HttpListener, free_port, server_tls

plain = partial(client_tls, None, None, None)


async def test_an_answer_of_success_means_taken() -> None:
    with HttpListener() as listener:
        poster = Poster(f"http://127.0.0.1:{listener.port}/in?x=1", plain)
        await poster.post(b"body", {"content-type": "text/plain"})
        await poster.post(b"more", {})
        await poster.close()
        assert [body for _, body in listener.posts] == [b"body", b"more"]
        assert listener.posts[0][0]["content-type"] == "text/plain"
        assert listener.posts[0][0]["user-agent"].startswith("ringfence/")


@pytest.mark.parametrize("status", [301, 400, 401, 429, 500, 503])
async def test_any_other_answer_means_away_and_no_redirect_is_followed(status: int) -> None:
    with HttpListener(status=lambda *_: status) as listener:
        with pytest.raises(Away, match=f"answered {status}"):
            await Poster(f"http://127.0.0.1:{listener.port}/", plain).post(b"x", {})
        assert listener.tried == 1


async def test_too_large_is_told_apart() -> None:
    with HttpListener(status=lambda *_: 413) as listener, pytest.raises(TooLarge):
        await Poster(f"http://127.0.0.1:{listener.port}/", plain).post(b"x", {})


async def test_tls_is_verified(tmp_path: Path) -> None:
    create_development_certificates(tmp_path, ["localhost"], system_clock())
    with HttpListener(tls=server_tls(tmp_path)) as listener:
        url = f"https://localhost:{listener.port}/"
        with pytest.raises(Away, match=r"(?i)certificate"):
            await Poster(url, plain).post(b"x", {})
        with pytest.raises(Away, match=r"(?i)certificate"):
            await Poster(
                url.replace("localhost", "127.0.0.1"), partial(client_tls, tmp_path / "ca.pem", None, None)
            ).post(b"x", {})
        await Poster(url, partial(client_tls, tmp_path / "ca.pem", None, None)).post(b"x", {})
        assert len(listener.posts) == 1


async def test_nobody_there_and_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with HttpListener() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(Away):
            await Poster(f"http://127.0.0.1:{free_port()}/", plain).post(b"x", {})
        assert proxy.tried == 0
