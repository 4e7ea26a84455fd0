"""HTTP/3 by a client that is not ours.  RFC 9114."""

import asyncio
import json
import ssl

import pytest

aioquic = pytest.importorskip("aioquic", reason="aioquic is not installed")

from aioquic.asyncio import QuicConnectionProtocol, connect  # noqa: E402 - only where it is installed
from aioquic.h3.connection import H3Connection  # noqa: E402 - the same
from aioquic.h3.events import DataReceived, HeadersReceived  # noqa: E402 - the same
from aioquic.quic.configuration import QuicConfiguration  # noqa: E402 - the same

pytestmark = pytest.mark.flow


class Client(QuicConnectionProtocol):
    """One request at a time."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.http = H3Connection(self._quic)
        self.fields, self.body, self.done = {}, b"", asyncio.get_running_loop().create_future()

    def quic_event_received(self, event):
        for happened in self.http.handle_event(event):
            if isinstance(happened, HeadersReceived):
                self.fields = {name.decode(): value.decode() for name, value in happened.headers}
            elif isinstance(happened, DataReceived):
                self.body += happened.data
            if happened.stream_ended and not self.done.done():
                self.done.set_result(None)

    async def ask(self, method, path, *fields, body=b""):
        stream = self._quic.get_next_available_stream_id()
        pseudo = [(b":method", method), (b":scheme", b"https"), (b":authority", b"localhost"), (b":path", path)]
        self.http.send_headers(stream, [*pseudo, *fields], end_stream=not body)
        if body:
            self.http.send_data(stream, body, end_stream=True)
        self.transmit()
        await asyncio.wait_for(self.done, 10)
        return int(self.fields[":status"]), self.body


async def ask(edge, *request, **more):
    trusted = QuicConfiguration(is_client=True, alpn_protocols=["h3"], verify_mode=ssl.CERT_REQUIRED)
    trusted.load_verify_locations(str(edge.certificates / "ca.pem"))
    trusted.server_name = "localhost"
    port = edge.policy.listeners.public.udp_port
    async with connect("127.0.0.1", port, configuration=trusted, create_protocol=Client) as client:
        return await client.ask(*request, **more)


async def test_a_call_over_http3_reaches_a_worker_as_any_other(edge):
    spoofed = (b"x-ringfence-peer", b"203.0.113.9")
    status, body = await ask(edge, b"POST", b"/x?a=1", (b"content-length", b"2"), spoofed, body=b"{}")
    seen = json.loads(body)
    assert (status, seen["method"], seen["path"], seen["body"]) == (200, "POST", "/x?a=1", "{}")
    fields = dict(seen["headers"])
    assert fields["x-ringfence-peer"] == "127.0.0.1"
    assert fields["x-ringfence-listener"] == "public"
    assert "x-forwarded-client-cert" not in fields


async def test_a_path_that_can_be_read_two_ways_is_refused_over_http3_too(edge):
    calls = sum(worker.calls for worker in edge.workers)
    status, body = await ask(edge, b"GET", b"/a/%2e%2e/b")
    assert (status, json.loads(body)["type"]) == (400, "urn:ringfence:problem:unsafe-path")
    assert sum(worker.calls for worker in edge.workers) == calls
