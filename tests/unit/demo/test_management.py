import json
import socketserver
import tempfile
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from ringfence.demo.management import Management
from ringfence.demo.partner import Unexpected

ANSWERS = {
    ("POST", "/clients"): (201, {"client_id": "client_1"}),
    ("POST", "/users"): (201, {"user_id": "user_1"}),
    ("GET", "/grants?client_id=client_1"): (200, {"items": [{"grant_id": "grant_1"}]}),
    ("POST", "/grants/grant_1/revoke"): (200, {}),
}


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        size = int(self.headers.get("content-length", 0))
        self.server.seen.append((self.command, self.path, json.loads(self.rfile.read(size) or b"null")))
        status, content = ANSWERS.get((self.command, self.path), (404, {"title": "There is no such thing"}))
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815 - the names that http.server calls

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "s"
        with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
            server.seen, server.path = [], path
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            yield server
            server.shutdown()
            thread.join()


def test_partners_customers_and_grants_are_managed(server):
    with Management(server.path) as management:
        assert management.add_client({"name": "P"}) == "client_1"
        assert management.add_user("amara", "secret", "Amara") == "user_1"
        assert management.grants("client_1") == [{"grant_id": "grant_1"}]
        management.revoke_grant("grant_1")
    assert server.seen[0] == ("POST", "/clients", {"name": "P"})
    assert server.seen[1][2] == {"username": "amara", "password": "secret", "name": "Amara"}
    assert server.seen[3][2]["why"]


def test_a_refusal_is_told(server):
    with Management(server.path) as management, pytest.raises(Unexpected, match=r"404.*no such thing"):
        management.revoke_grant("grant_2")
