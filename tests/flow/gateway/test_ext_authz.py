"""An Envoy with the filters of docs/ways-in.md asks a worker, and sends on what may go on."""

import asyncio
import json
import re
import textwrap
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from ringfence.app.gateway_ports import open_gateway
from ringfence.clock import system_clock
from ringfence.edge.process import envoy_binary
from ringfence.gateway.server import serve
from ringfence.gateway.upstream import UpstreamPool
from tests.installed_api import ISSUER, call_headers, install, publish
from tests.listening import free_port
from tests.unit.gateway.caller import Caller

pytestmark = pytest.mark.flow

PAGE = (Path(__file__).parents[3] / "docs" / "ways-in.md").read_text("utf-8")
(FILTERS,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PATIENCE = 30
CALLER = Caller()
HOST = ISSUER.removeprefix("https://")
ENVOY = """\
static_resources:
  listeners:
    - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: in
                use_remote_address: true
                normalize_path: true
                path_with_escaped_slashes_action: REJECT_REQUEST
                forward_client_cert_details: SANITIZE_SET
                route_config:
                  virtual_hosts: [{{name: all, domains: ["*"], routes: [{{match: {{prefix: /}}, route: {{cluster: api}}}}]}}]
                http_filters:
{filters}
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
    - name: api
      load_assignment: {{cluster_name: api, endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {api}}}}}}}}}]}}]}}
    - name: ringfence
      load_assignment: {{cluster_name: ringfence, endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{pipe: {{path: "{socket}"}}}}}}}}]}}]}}
"""


class Api(ThreadingHTTPServer):
    """Tells what reached it."""

    daemon_threads = True

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        super().__init__(("127.0.0.1", 0), Echo)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        assert isinstance(self.server, Api)
        chunked = self.headers.get("transfer-encoding") == "chunked"
        body = self.chunks() if chunked else self.rfile.read(int(self.headers.get("content-length", 0)))
        fields = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.command, self.path, fields, body))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@asynccontextmanager
async def running(policy: Path, directory: Path) -> AsyncIterator[tuple[httpx.AsyncClient, Api, asyncio.Event]]:
    api, port, stop = Api(), free_port(), asyncio.Event()
    async with AsyncExitStack() as stack:
        opened = await open_gateway(policy, "gateway-0", UpstreamPool(), stack)
        assert opened.authz is not None
        socket = opened.loaded.places.authz_socket(0)
        serving = asyncio.create_task(serve(opened.authz, socket, stop, 1))
        config = directory / "envoy.yaml"
        filters = textwrap.indent(FILTERS, " " * 18)
        config.write_text(ENVOY.format(port=port, api=api.server_port, socket=socket, filters=filters))
        envoy = await asyncio.create_subprocess_exec(
            envoy_binary(), "--config-path", config, "--concurrency", "1", "--disable-hot-restart", "-l", "warning"
        )
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"host": HOST}) as http:
                async with asyncio.timeout(PATIENCE):
                    while not await listens(port):
                        assert envoy.returncode is None, "Envoy does not take the configuration"
                        await asyncio.sleep(0.05)
                yield http, api, stop
        finally:
            envoy.terminate()
            await envoy.wait()
            api.shutdown()
            api.server_close()
            stop.set()
            await serving


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def proven(method: str = "GET", **claims: object) -> dict[str, str]:
    return call_headers(CALLER, system_clock(), method, **claims)


def prepared(directory: Path) -> Path:
    policy = install(directory)
    publish(policy, CALLER)
    passing = "responses: {undeclared_status: pass, undeclared_member: pass, wrong_type: pass}"
    text = policy.read_text().replace("on_outage:", "gateway: {ext_authz: on}\non_outage:")
    policy.write_text(text.replace("        defaults:", f"        {passing}\n        defaults:"))
    return policy


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_what_may_go_on_goes_on_and_nothing_else(tmp_path: Path) -> None:
    async with running(prepared(tmp_path), tmp_path) as (http, api, stop):
        tricks = {"x-original-url": "/admin", "x-ringfence-client": "other", "x-ringfence-actors": "a", "cookie": "a=b"}
        tricks |= {"x-ringfence-peer": "203.0.113.9", "x-forwarded-client-cert": "Hash=" + "0" * 64}
        good = proven()
        answer = await http.get("/things", headers={**good, **tricks, "x-own": "1"})
        assert answer.status_code == 200
        assert answer.headers["x-correlation-id"]
        _, path, fields, _ = api.seen.pop()
        assert (path, fields["x-own"], fields["x-ringfence-client"]) == ("/things", "1", "client_a")
        assert fields["x-correlation-id"] == answer.headers["x-correlation-id"]
        left = {"authorization", "dpop", "cookie", "x-original-url", "x-ringfence-actors", "x-ringfence-peer"}
        assert not left & fields.keys()

        made = await http.post("/things", headers=proven("POST"), json={"name": "a"})
        assert (made.status_code, json.loads(api.seen.pop()[3])) == (200, {"name": "a"})
        chunked = {**proven("POST"), "content-type": "application/json"}
        made = await http.post("/things", headers=chunked, content=pieces(b'{"name":', b'"b"}'))
        assert (made.status_code, json.loads(api.seen.pop()[3])) == (200, {"name": "b"})

        for headers, method, target, body, wanted in (
            (good, "GET", "/things", None, "proof-replayed"),
            ({}, "GET", "/things", None, "token-missing"),
            (proven(), "GET", "/things?a=1", None, "parameter-unknown"),
            (proven(), "GET", "/other/../things?a", None, "parameter-unknown"),
            (proven("POST"), "POST", "/things", {"name": "a", "isAdmin": True}, "body-invalid"),
            (proven(cnf={"x5t#S256": "c" * 43}), "GET", "/things", None, "scheme-mismatch"),
        ):
            answer = await http.request(method, target, headers=headers, json=body)
            assert answer.json()["type"] == f"urn:ringfence:problem:{wanted}"
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await http.get("/things")).headers["www-authenticate"].startswith("DPoP ")
        assert (await http.get("/a%2fb", headers=proven())).status_code == 400
        assert (await http.post("/things", headers=proven("POST"), content=b" " * 2_000_000)).status_code == 413
        assert api.seen == []

        stop.set()
        async with asyncio.timeout(PATIENCE):
            while (await http.get("/things", headers=proven())).status_code != 503:
                await asyncio.sleep(0.05)
        assert (await http.get("/things", headers=proven())).status_code == 503
