"""What comes through the edge, what does not, and what the caller is told."""

import json
import shutil
import socket
import stat
import struct
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.flow

HOST = b"Host: localhost\r\n"

REFUSED = {
    "length and chunked": (
        b"POST /x HTTP/1.1\r\n%bContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "two lengths": (b"POST /x HTTP/1.1\r\n%bContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", 400),
    "unknown coding": (b"POST /x HTTP/1.1\r\n%bTransfer-Encoding: xchunked\r\n\r\n", 400),
    "chunked not last": (b"POST /x HTTP/1.1\r\n%bTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    "bad chunk": (b"POST /x HTTP/1.1\r\n%bTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n", 400),
    "space before colon": (b"POST /x HTTP/1.1\r\n%bContent-Length : 3\r\n\r\nabc", 400),
    "HTTP/1.0": (b"GET /x HTTP/1.0\r\n%b\r\n", 426),
    "underscore": (b"GET /x HTTP/1.1\r\n%bx_ringfence_peer: 6.6.6.6\r\n\r\n", 400),
    "NUL": (b"GET /x HTTP/1.1\r\n%ba: b\0c\r\n\r\n", 400),
    "control": (b"GET /x HTTP/1.1\r\n%ba: b\x01c\r\n\r\n", 400),
    "raw UTF-8 path": (b"GET /\xc3\xa9 HTTP/1.1\r\n%b\r\n", 400),
    "unknown method": (b"FOO /x HTTP/1.1\r\n%b\r\n", 400),
    "garbage": (b"\x00\x01%b\r\n\r\n", 400),
    "upgrade": (b"GET /x HTTP/1.1\r\n%bConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 400),
    "CONNECT": (b"CONNECT localhost:443 HTTP/1.1\r\n%b\r\n", 404),
    "OPTIONS *": (b"OPTIONS * HTTP/1.1\r\n%b\r\n", 404),
    "40 kB in a field": (b"GET /x HTTP/1.1\r\n%ba: " + b"b" * 40_000 + b"\r\n\r\n", 431),
    "40 kB in a path": (b"GET /" + b"b" * 40_000 + b" HTTP/1.1\r\n%b\r\n", 431),
    "120 fields": (b"GET /x HTTP/1.1\r\n%b" + b"".join(b"a%d: b\r\n" % i for i in range(120)) + b"\r\n", 431),
}


@pytest.mark.parametrize("name", REFUSED)
def test_malformed_is_refused_with_a_problem_document(edge, name):
    data, status = REFUSED[name]
    calls = sum(worker.calls for worker in edge.workers)
    answer = edge.raw(data.replace(b"%b", HOST))
    assert answer.status == status
    assert answer.header("content-type") == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:ringfence:problem:")
    assert len(problem["correlation_id"]) >= 26
    assert "envoy" not in str(answer.headers).lower() + answer.body.decode().lower()
    if name != "bad chunk":  # its header section had gone to a worker before the body was seen
        assert sum(worker.calls for worker in edge.workers) == calls


@pytest.mark.parametrize(
    "path",
    [
        "/a%2fb", "/a%2Fb", "/a%5cb", "/a%252fb", "/a%25252Eb", "/a/../b", "/a/..", "/a/.", "/./a", "/a/%2e%2e/b",
        "/a/..;x=1/b", "/a/.;/b", "/a//b", "//b", "/a/", "/a\\b", "/a%00b", "/a%2500b", "/a%0ab", "/a%7fb", "/a#b",
        "/pages/../x", "/pages/%2e%2e/x", "/token/..", "/pages//x",
    ],
)  # fmt: skip
def test_a_path_that_reads_two_ways_is_refused(edge, path):
    answer = edge.get(path)
    if path == "/a/":  # plain: it has to come through, or the others prove nothing
        assert answer.status == 200
        return
    assert answer.status == 400
    assert answer.json()["type"] == "urn:ringfence:problem:unsafe-path"


@pytest.mark.parametrize("path", ["/a.b/..c/...", "/caf%C3%A9/%20", "/a;b=1/c,d", "/x?redirect=https%3A%2F%2Fa//../b"])
def test_a_path_comes_through_as_it_was_sent(edge, path):
    answer = edge.get(path)
    assert answer.status == 200
    assert answer.json()["path"] == path


@pytest.mark.parametrize(
    ("path", "role"),
    [("/token", "oauth"), ("/token?a=b", "oauth"), ("/token/x", "gw"), ("/tokens", "gw"), ("/pages/login", "oauth"),
     ("/pages", "gw"), ("/TOKEN", "gw"), ("/%74oken", "gw"), ("/", "gw")],
)  # fmt: skip
@pytest.mark.parametrize("listener", ["public", "mtls"])
def test_the_authorization_server_gets_its_paths_and_no_other(edge, path, role, listener):
    answer = edge.get(path, port=getattr(edge, listener))
    assert answer.json()["worker"].startswith(role)
    assert answer.seen["x-ringfence-listener"] == listener


@pytest.mark.parametrize("listener", ["public", "mtls"])
def test_what_only_the_edge_may_say_is_dropped_from_callers(edge, listener):
    spoofed = {
        "X-Ringfence-Listener": "mtls",
        "x-ringfence-peer": "6.6.6.6",
        "x-ringfence-verified-issuer": "aa",
        "X-RingFence-Anything": "x",
        "x-forwarded-client-cert": "Hash=aa",
        "x-forwarded-for": "6.6.6.6",
        "x-forwarded-host": "evil",
        "x-forwarded-proto": "http",
        "x-envoy-original-path": "/evil",
        "x-envoy-retry-on": "5xx",
        "x-envoy-upstream-alt-stat-name": "x",
        "x-envoy-expected-rq-timeout-ms": "1",
        "forwarded": "for=6.6.6.6",
        "x-real-ip": "6.6.6.6",
        "proxy-authorization": "Basic x",
        "proxy-connection": "keep-alive",
    }
    fields = [f"{name}: {value}" for name, value in spoofed.items()]
    answer = edge.get("/x", *fields, "x-ringfence-peer: 7.7.7.7", port=getattr(edge, listener))
    assert dict(answer.json()["headers"]) == {
        "host": "localhost",
        "x-forwarded-proto": "https",
        "x-ringfence-listener": listener,
        "x-ringfence-peer": "127.0.0.1",
    }
    assert len(answer.json()["headers"]) == 4


def test_a_connection_field_cannot_remove_what_the_edge_says(edge):
    named = "x-ringfence-peer, x-ringfence-listener, x-forwarded-client-cert, x-ringfence-verified-issuer"
    answer = edge.get("/x", f"Connection: {named}", port=edge.mtls, client="partner")
    assert {
        "x-ringfence-peer",
        "x-ringfence-listener",
        "x-forwarded-client-cert",
        "x-ringfence-verified-issuer",
    } <= set(answer.seen)


def test_answers_say_nothing_of_the_servers(edge):
    answer = edge.get("/x")
    assert answer.header("server") is None
    assert answer.header("strict-transport-security") == "max-age=31536000"
    assert not [name for name, _ in answer.headers if name.startswith("x-envoy")]


LET_THROUGH = {
    "bare LF": b"GET /x HTTP/1.1\nHost: localhost\n\n",
    "obs-fold": b"GET /x HTTP/1.1\r\n%ba: b\r\n c\r\n\r\n",
    "two hosts": b"GET /x HTTP/1.1\r\n%bHost: evil\r\n\r\n",
    "two authorizations": b"GET /x HTTP/1.1\r\n%bAuthorization: DPoP a\r\nAuthorization: Bearer b\r\n\r\n",
    "absolute form": b"GET https://other/x HTTP/1.1\r\n%b\r\n",
    "TRACE": b"TRACE /x HTTP/1.1\r\n%b\r\n",
    "GET with a body": b"GET /x HTTP/1.1\r\n%bContent-Length: 3\r\n\r\nabc",
    "Latin-1 in a field": b"GET /x HTTP/1.1\r\n%ba: \xe9\r\n\r\n",
}


@pytest.mark.parametrize("name", LET_THROUGH)
def test_envoy_lets_through_what_the_worker_must_refuse(edge, name):
    """When one of these fails, Envoy has become stricter, and the worker's check is a second line only."""
    assert edge.raw(LET_THROUGH[name].replace(b"%b", HOST)).status == 200


def test_merged_duplicates_arrive_joined_by_a_comma(edge):
    answer = edge.get("/x", "Authorization: DPoP a", "Authorization: Bearer b", "Host: evil")
    assert answer.seen["authorization"] == "DPoP a,Bearer b"
    assert answer.seen["host"] == "localhost,evil"


def test_a_body_streams_through_whole(edge):
    body = b"x" * 300_000
    answer = edge.raw(b"POST /x HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n" % (HOST, len(body)) + body)
    assert len(answer.json()["body"]) == len(body)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_http2_is_spoken_and_refuses_alike(edge):
    command = ["curl", "-sS", "--http2", "--max-time", "5", "--cacert", edge.certificates / "ca.pem", "--path-as-is"]
    url = f"https://localhost:{edge.public}"
    good = subprocess.run([*command, "-w", "\n%{http_version}", f"{url}/x"], capture_output=True, check=True)
    body, version = good.stdout.rsplit(b"\n", 1)
    assert version == b"2"
    assert json.loads(body)["path"] == "/x"
    refused = subprocess.run([*command, f"{url}/a/../b"], capture_output=True, check=True)
    assert json.loads(refused.stdout)["type"] == "urn:ringfence:problem:unsafe-path"
    calls = sum(worker.calls for worker in edge.workers)
    underscore = subprocess.run([*command, "-H", "a_b: c", f"{url}/x"], capture_output=True, check=False)
    assert underscore.returncode == 92  # the stream is reset
    assert sum(worker.calls for worker in edge.workers) == calls


def test_only_the_policys_ports_are_open_and_administration_is_a_private_socket(edge):
    assert listening_ports(edge.process.pid, "tcp") == {edge.public, edge.mtls}
    assert listening_ports(edge.process.pid, "udp") == {edge.policy.listeners.public.udp_port}
    assert stat.S_IMODE(edge.places.edge_admin_socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(edge.places.sockets.stat().st_mode) == 0o700


def test_http3_is_announced_and_answers_a_probe(edge):
    port = edge.policy.listeners.public.udp_port
    assert edge.get("/x").header("alt-svc") == f'h3=":{port}"; ma=86400'
    assert edge.get("/x", port=edge.mtls).header("alt-svc") is None
    # A version that nobody speaks must be answered with Version Negotiation: RFC 9000 §6.1, §17.2.1.
    destination, source = b"d" * 8, b"s" * 8
    initial = b"\xc0" + struct.pack("!I", 0x1A2A3A4A) + bytes([8]) + destination + bytes([8]) + source
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.settimeout(3)
        probe.sendto(initial.ljust(1_200, b"\0"), ("127.0.0.1", port))
        answer = probe.recv(2_000)
    assert answer[1:5] == b"\0\0\0\0"
    assert b"\x00\x00\x00\x01" in answer[23:]  # QUIC version 1 is on offer


def listening_ports(pid: int, kind: str) -> set[int]:
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        target = str(entry.readlink())
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = set()
    for table in (kind, f"{kind}6"):
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            columns = row.split()
            unbound = columns[2].endswith(":0000")
            if columns[9] in inodes and unbound:
                found.add(int(columns[1].rsplit(":", 1)[1], 16))
    return found
