import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest

from ringfence.app.intelligence import sources
from ringfence.app.intelligence.sources import Absent, fetch, read_path
from ringfence.policy.intelligence_model import Feed
from tests.listening import free_port


class Server:
    """Answers GETs by a function of path and header fields."""

    def __init__(self, answer: Any) -> None:
        self.seen: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                fields = {name.lower(): value for name, value in self.headers.items()}
                outer.seen.append((self.path, fields))
                status, headers, body = answer(self.path, fields)
                self.send_response(status)
                for name, value in {"content-length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/feed"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def file(tmp_path: Path):
    (tmp_path / "token").write_text("sesame\n")
    return lambda name: tmp_path / name


def test_a_file_is_read_when_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "list"
    path.write_text("a")
    first = read_path(path, "")
    assert first.documents == (b"a",)
    assert read_path(path, first.tag).documents == ()
    path.write_text("bb")
    assert read_path(path, first.tag).documents == (b"bb",)
    monkeypatch.setattr(sources, "MAX_BYTES", 1)
    with pytest.raises(Absent, match="larger"):
        read_path(path, "")
    with pytest.raises(Absent, match="No such file"):
        read_path(tmp_path / "gone", "")


async def test_a_document_is_asked_for_by_its_tag_and_with_the_key_that_it_wants(file) -> None:
    def answer(path: str, fields: dict[str, str]):
        return (304, {}, b"") if fields.get("if-none-match") == '"1"' else (200, {"etag": '"1"'}, b"203.0.114.7")

    with Server(answer) as server:
        came = await fetch(Feed(url=server.url, token_file="token"), file, "")
        assert (came.documents, came.tag) == ((b"203.0.114.7",), '"1"')
        assert (await fetch(Feed(url=server.url, key_file="token"), file, came.tag)).documents == ()
        assert [fields["authorization"] for _, fields in server.seen] == ["Bearer sesame", "sesame"]


@pytest.mark.parametrize("status", [204, 301, 304, 403, 404, 500])
async def test_any_other_answer_is_none_and_no_redirect_is_followed(file, status: int) -> None:
    with Server(lambda *_: (status, {"location": "http://127.0.0.1:1/"}, b"")) as server:
        with pytest.raises(Absent, match=f"answered {status}"):
            await fetch(Feed(url=server.url), file, "")
        assert len(server.seen) == 1


async def test_nobody_there_too_much_and_a_bad_token(file, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Absent, match="ConnectError"):
        await fetch(Feed(url=f"http://127.0.0.1:{free_port()}/"), file, "")
    (tmp_path / "token").write_text("two\nlines")
    with pytest.raises(Absent, match="one line"):
        await fetch(Feed(url="http://127.0.0.1:9/", token_file="token"), file, "")
    monkeypatch.setattr(sources, "MAX_BYTES", 10)
    with Server(lambda *_: (200, {}, b"x" * 11)) as server, pytest.raises(Absent, match="larger"):
        await fetch(Feed(url=server.url), file, "")


async def test_a_collection_is_read_over_all_its_pages(file) -> None:
    def answer(path: str, fields: dict[str, str]):
        assert fields["accept"] == "application/taxii+json;version=2.1"
        page = {"objects": [], "more": True, "next": "b c"} if "next" not in path else {"objects": [{}]}
        return 200, {"content-type": "application/taxii+json;version=2.1"}, json.dumps(page).encode()

    with Server(answer) as server:
        came = await fetch(Feed(url=server.url, format="taxii"), file, "")
        assert len(came.documents) == 2
        assert [path for path, _ in server.seen] == ["/feed/objects/", "/feed/objects/?next=b+c"]


@pytest.mark.parametrize(
    ("kind", "page", "why"),
    [
        ("text/html", b"{}", "not of TAXII"),
        ("application/taxii+json", b"[", "page 1"),
        ("application/taxii+json;version=2.1", b'{"more": true}', "does not say where"),
        ("application/taxii+json;version=2.1", b'{"more": true, "next": "1"}', "more than 3 pages"),
    ],
)
async def test_what_is_no_collection_is_refused(file, monkeypatch, kind: str, page: bytes, why: str) -> None:
    monkeypatch.setattr(sources, "MOST_PAGES", 3)
    with Server(lambda *_: (200, {"content-type": kind}, page)) as server, pytest.raises(Absent, match=why):
        await fetch(Feed(url=server.url, format="taxii"), file, "")
