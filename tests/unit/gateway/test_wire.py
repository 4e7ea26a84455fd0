import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.gateway.wire import MOST_FIELDS, Arrival, read_request, unread_request
from ringfence.ids import CorrelationId
from ringfence.message import Peer, Request
from ringfence.problem import Reason, Refused

EDGE = [(b"x-ringfence-peer", b"192.0.2.7"), (b"x-ringfence-listener", b"public")]
HOST = [(b"host", b"api.bank.example")]
HEX = "ab" * 32


def zeros(count):
    return bytes(count)


def read(*fields, method="GET", target=b"/a?b=c", base=(*HOST, *EDGE), **more):
    return read_request(
        method,
        target,
        [*base, *fields],
        **{"max_header_bytes": 4096, "correlation": CorrelationId("c"), "random": zeros, **more},
    )


def reason(*fields, **more):
    with pytest.raises(Refused) as refused:
        read(*fields, **more)
    return refused.value.reason


def test_a_request_is_read_whole():
    arrival = read(
        (b"Accept", b" application/json "),
        (b"content-length", b"12"),
        (b"traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"),
        method="POST",
    )
    request = arrival.request
    assert (request.method, request.scheme, request.authority) == ("POST", "https", "api.bank.example")
    assert (request.path, request.query, request.body) == ("/a", "b=c", b"")
    assert request.url == "https://api.bank.example/a"
    assert request.peer == Peer("192.0.2.7")
    assert request.correlation == "c"
    assert (request.trace.trace_id, request.trace.parent_id) == ("a" * 32, "b" * 16)
    assert request.header("accept") == "application/json"
    assert (arrival.content_length, arrival.chunked, arrival.has_content) == (12, False, True)


def test_nothing_internal_or_of_the_connection_is_left():
    request = read(
        (b"X-Forwarded-For", b"198.51.100.1"),
        (b"x-forwarded-proto", b"http"),
        (b"forwarded", b"for=198.51.100.1"),
        (b"x-envoy-original-path", b"/other"),
        (b"x-ringfence-client", b"somebody"),
        (b"via", b"1.1 a"),
        (b"te", b"trailers"),
        (b"upgrade", b"h2c"),
        (b"proxy-authorization", b"Basic eA=="),
        (b"keep-alive", b"timeout=5"),
        (b"Connection", b"keep-alive, X-Secret"),
        (b"x-secret", b"1"),
        (b"accept", b"*/*"),
    ).request
    assert [name for name, _ in request.headers] == ["host", "accept"]


def test_the_certificate_comes_from_the_edge():
    base = [*HOST, (b"x-ringfence-peer", b"192.0.2.7"), (b"x-ringfence-listener", b"mtls")]
    peer = read((b"x-forwarded-client-cert", f'Hash={HEX};Subject="CN=a"'.encode()), base=base).request.peer
    assert len(peer.certificate_sha256) == 43
    assert peer.certificate_subject == "CN=a"


def test_a_given_peer_makes_the_edges_fields_worthless():
    peer = Peer("198.51.100.9")
    request = read((b"x-forwarded-client-cert", f"Hash={HEX}".encode()), peer=peer).request
    assert request.peer == peer
    assert read(base=HOST, peer=peer).request.peer == peer


@pytest.mark.parametrize(
    "name",
    [b"authorization", b"dpop", b"content-type", b"content-length", b"traceparent", b"x-idempotency-key", b"origin"],
)
def test_two_values_of_a_single_valued_field_are_refused(name):
    value = b"1"
    assert reason((name, value), (name.upper(), value)) is Reason.AMBIGUOUS_HEADER


def test_two_hosts_are_refused_even_if_they_agree():
    assert reason((b"Host", b"api.bank.example")) is Reason.AMBIGUOUS_HEADER


@pytest.mark.parametrize("name", [b"x-ringfence-peer", b"x-ringfence-listener", b"transfer-encoding", b"expect"])
def test_what_we_read_ourselves_is_single_too(name):
    assert reason((name, b"public"), (name, b"public")) is Reason.AMBIGUOUS_HEADER


@pytest.mark.parametrize("name", [b"accept", b"cookie", b"x-a"])
def test_repeatable_fields_are_kept_in_order(name):
    request = read((name, b"1"), (name, b"2")).request
    assert request.all_headers(name.decode()) == ["1", "2"]


@pytest.mark.parametrize(
    "value", [b"a\rb", b"a\nb", b"a\r\nb: c", b"a\x00", b"\x01", b"\x7f", b"a\x0b", b"\xff", "é".encode(), b"a\r\n b"]
)
def test_control_and_foreign_octets_in_values_are_refused(value):
    assert reason((b"x-a", value)) is Reason.MALFORMED_REQUEST
    assert reason((b"x-forwarded-for", value)) is Reason.MALFORMED_REQUEST


@pytest.mark.parametrize(
    "host", [b"", b"a b", b"a/b", b"user@a", b"a:b", b"a:123456", b"a#", b"a?", b"[::1", b"-a", b"%61"]
)
def test_a_strange_host_is_refused(host):
    assert reason((b"host", host), base=EDGE) is Reason.MALFORMED_REQUEST


@pytest.mark.parametrize("host", [b"a", b"a.example:8443", b"[2001:db8::1]:443", b"127.0.0.1", b"a_b.example"])
def test_a_host_may_be_a_name_or_an_address(host):
    assert read((b"host", host), base=EDGE).request.authority == host.decode()


def test_no_host_is_refused():
    assert reason(base=EDGE) is Reason.MALFORMED_REQUEST


@pytest.mark.parametrize(
    "fields",
    [
        [(b"transfer-encoding", b"gzip, chunked")],
        [(b"transfer-encoding", b"identity")],
        [(b"transfer-encoding", b"chunked, chunked")],
        [(b"transfer-encoding", b"x")],
        [(b"transfer-encoding", b"")],
        [(b"transfer-encoding", b"chunked"), (b"content-length", b"5")],
        [(b"content-length", b"-1")],
        [(b"content-length", b"+1")],
        [(b"content-length", b"0x1")],
        [(b"content-length", b"")],
        [(b"content-length", b"1 2")],
        [(b"content-length", b"9" * 30)],
    ],
)
def test_odd_framing_is_refused(fields):
    assert reason(*fields, method="POST") is Reason.MALFORMED_REQUEST


def test_framing_is_told():
    assert read((b"Transfer-Encoding", b"Chunked"), method="POST").chunked
    assert not read((b"content-length", b"0")).has_content
    assert read((b"content-length", b"3"), method="DELETE").has_content


def test_expectations():
    assert read((b"expect", b"100-Continue"), method="POST").expects_continue
    with pytest.raises(Refused) as refused:
        read((b"expect", b"a miracle"))
    assert refused.value.status == 417


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"deflate", b"zstd", b"x"])
def test_an_encoded_body_is_refused(coding):
    assert reason((b"content-encoding", coding), method="POST") is Reason.ENCODED_BODY
    read((b"content-encoding", b"Identity"), method="POST")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "get", "", "PROPFIND", "G T"])
def test_other_methods_are_refused_and_the_answer_names_ours(method):
    with pytest.raises(Refused) as refused:
        read(method=method)
    assert refused.value.reason is Reason.METHOD_NOT_ALLOWED
    assert dict(refused.value.headers)["allow"]


def test_limits():
    assert reason((b"x-a", b"a" * 4096)) is Reason.HEADERS_TOO_LARGE
    assert reason(*[(b"a", b"")] * MOST_FIELDS) is Reason.HEADERS_TOO_LARGE
    assert reason(target=b"/" + b"a" * 4090) is Reason.HEADERS_TOO_LARGE
    read((b"x-a", b"a" * 3900))


def test_a_missing_word_of_the_edge_is_our_own_fault():
    assert reason(base=HOST) is Reason.INTERNAL


def test_an_unread_request_tells_who_and_where_and_no_more():
    request = unread_request(
        "GET",
        b"/a\xff\x00" + b"b" * 400 + b"?token=secret",
        [(b"authorization", b"DPoP x"), *EDGE],
        correlation=CorrelationId("c"),
        random=zeros,
    )
    assert request.peer.address == "192.0.2.7"
    assert request.path.startswith("/a\\xff")
    assert len(request.path) < 300
    assert (request.query, request.headers) == ("", ())


NAMES = st.sampled_from(
    [b"host", b"Host", b"connection", b"te", b"content-length", b"transfer-encoding", b"expect", b"dpop", b"authorization",
     b"content-type", b"content-encoding", b"x-forwarded-client-cert", b"x-ringfence-peer", b"x-ringfence-listener",
     b"traceparent", b"x-a"]
)  # fmt: skip
VALUES = st.sampled_from(
    [b"a", b"5", b"chunked", b"close, x-a", b"mtls", b"public", b"192.0.2.1", b"a,b", b'"', b"Hash=1"]
)


@given(
    method=st.sampled_from(["GET", "POST"]) | st.text(max_size=8),
    target=st.binary(max_size=40) | st.just(b"/a"),
    fields=st.lists(st.tuples(NAMES | st.binary(max_size=8), VALUES | st.binary(max_size=30)), max_size=12),
    edge=st.booleans(),
)
def test_whatever_comes_is_a_request_or_refused(method, target, fields, edge):
    base = [*HOST, *EDGE] if edge else []
    try:
        arrival = read(method=method, target=target, base=[*base, *fields])
    except Refused:
        return
    assert isinstance(arrival, Arrival)
    request = arrival.request
    assert isinstance(request, Request)
    text = "".join([request.method, request.path, request.query, request.authority, *map("".join, request.headers)])
    assert all(" " <= c <= "~" or c == "\t" for c in text)
    assert len({n for n, _ in request.headers if n in {"host", "dpop", "authorization"}}) == sum(
        n in {"host", "dpop", "authorization"} for n, _ in request.headers
    )
    assert not any(n.startswith(("x-ringfence-", "x-forwarded-")) for n, _ in request.headers)
