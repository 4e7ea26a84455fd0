"""Can an undeclared or invalid parameter reach the upstream by being read there in another way than here?"""

import pytest
from installation_under_attack import BASE, Target

pytestmark = pytest.mark.flow


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("q=a;page=99", "parameter-invalid"),
        (";page=99", "parameter-invalid"),
        ("page=1&page=99", "parameter-duplicate"),
        ("page=1&p%61ge=99", "parameter-duplicate"),
        ("p%61ge=99", "parameter-invalid"),
        ("page=01", "parameter-invalid"),
        ("page=+1", "parameter-invalid"),
        ("page=1e0", "parameter-invalid"),
        ("page=0x1", "parameter-invalid"),
        ("page=%EF%BC%91", "parameter-invalid"),
        ("page=1%00", "malformed-request"),
        ("page%20=1", "parameter-unknown"),
        ("Page=99", "parameter-unknown"),
        ("page[]=1", "parameter-unknown"),
        ("page.x=1", "parameter-unknown"),
        ("q=a&&page=1", "parameter-invalid"),
        ("=x", "parameter-invalid"),
        ("?page=99", "parameter-unknown"),
        ("size=1e999", "parameter-invalid"),
        ("size=NaN", "parameter-invalid"),
        ("size=Infinity", "parameter-invalid"),
        ("tags=a&tags=B", "parameter-invalid"),
        ("tags=a&tags=b&tags=c&tags=d", "parameter-invalid"),
        ("point=x,1,x,99", "parameter-invalid"),
        ("point=x,99,x,1", "parameter-invalid"),
        ("point=x,1,y", "parameter-invalid"),
        ("q=%ff", "malformed-request"),
        ("q=%u0041", "malformed-request"),
        ("q=%0d%0aevil:1", "parameter-invalid"),
        ("access_token=x", "token-in-query"),
        ("acce%73s_token=x", "token-in-query"),
        ("&".join(f"a{n}=1" for n in range(400)), "parameter-invalid"),
    ],
)
def test_a_query_that_two_readers_could_read_differently(
    target: Target, query: str, reason: str, nothing_reaches_the_upstream: None
) -> None:
    target.check_refused(target.get(f"{BASE}/things?{query}"), 400, reason)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"x-digits: %31%32", "parameter-invalid"),  # the upstream would read percent signs
        (b"x-digits: 1,2", "parameter-invalid"),
        (b"x-digits: 1\r\nx-digits: 2", "parameter-duplicate"),
        (b"X-DIGITS: 1x", "parameter-invalid"),
    ],
)
def test_a_header_parameter_is_checked_as_it_stands(
    target: Target, line: bytes, reason: str, nothing_reaches_the_upstream: None
) -> None:
    target.check_refused(target.get(f"{BASE}/things", line), 400, reason)


JSON = b"content-type: application/json"


@pytest.mark.parametrize(
    ("line", "body", "status", "reason"),
    [
        (JSON, b'{"amount":"1","amount":"2"}', 400, "json-duplicate-key"),
        (JSON, b'{"amount":"1","\\u0061mount":"2"}', 400, "json-duplicate-key"),
        (JSON, b'{"amount":"1","Amount":"2"}', 400, "body-invalid"),
        (JSON, b'\xef\xbb\xbf{"amount":"1"}', 400, "json-malformed"),
        (JSON, '{"amount":"1"}'.encode("utf-16"), 400, "json-malformed"),
        (JSON, b'{"amount":"\\ud800"}', 400, "json-malformed"),
        (JSON, b'{"amount":"1","n":1e999}', 400, "json-malformed"),
        (JSON, b'{"amount":"1","n":NaN}', 400, "json-malformed"),
        (JSON, b'{"amount":"1","n":' + b"9" * 5000 + b"}", 400, "json-malformed"),
        (JSON, b'{"amount":"1"}{"amount":"2"}', 400, "json-malformed"),
        (JSON, b'{"amount":"1"}\0', 400, "json-malformed"),
        (JSON, b'{"amount":"1",}', 400, "json-malformed"),
        (JSON, b'{"amount":"1"/**/}', 400, "json-malformed"),
        (JSON, b"[" * 5000 + b"]" * 5000, 400, "json-too-deep"),
        (JSON, b'{"amount":"1","__proto__":{"x":1}}', 400, "body-invalid"),
        (b"content-type: application/json; charset=utf-7", b'{"amount":"1"}', 415, "media-type"),
        (b"content-type: application/json; charset=utf-8; charset=utf-16", b'{"amount":"1"}', 415, "media-type"),
        (b"content-type: application/json, text/plain", b'{"amount":"1"}', 400, "ambiguous-header"),
        (b"content-type: text/plain", b'{"amount":"1"}', 415, "media-type"),
        (b"content-type: application/json+x", b'{"amount":"1"}', 415, "media-type"),
        (b"x: y", b'{"amount":"1"}', 415, "media-type"),
        (b"content-type: application/json\r\ncontent-encoding: gzip", b'{"amount":"1"}', 415, "encoded-body"),
        (b"content-type: application/x-www-form-urlencoded", b"a=1&a=2", 400, "parameter-duplicate"),
        (b"content-type: application/x-www-form-urlencoded", b"a=1;b=x", 400, "parameter-invalid"),
        (b"content-type: application/x-www-form-urlencoded", b"a=1&evil=1", 400, "body-invalid"),
        (JSON, b"x" * 20_000, 413, "body-too-large"),
        (JSON + b"\r\ntransfer-encoding: chunked", b"5000\r\n" + b"x" * 0x5000 + b"\r\n0\r\n\r\n", 413, "body-too-large"),
        (JSON + b"\r\ntransfer-encoding: chunked", b"0\r\n\r\n", 400, "body-missing"),
    ],
)  # fmt: skip
def test_a_body_with_two_meanings(
    target: Target, line: bytes, body: bytes, status: int, reason: str, nothing_reaches_the_upstream: None
) -> None:
    target.check_refused(target.raw(target.request("POST", f"{BASE}/things", line, body=body)), status, reason)


def test_a_body_where_none_belongs(target: Target, nothing_reaches_the_upstream: None) -> None:
    target.check_refused(target.raw(target.request("GET", f"{BASE}/things", JSON, body=b"{}")), 400, "body-unexpected")


def test_what_is_let_through_arrives_octet_for_octet(target: Target) -> None:
    body = b' {"note":"\xc3\xa9\\u0041", "amount" : "1" ,"n":1.00}'
    assert target.raw(target.request("POST", f"{BASE}/things", JSON, body=body)).status == 200
    assert target.upstream.seen[-1].endswith(b"\r\n\r\n" + body)
    query = "q=a%26page%3D99+b&page=%31&tags=a&tags=b"
    assert target.get(f"{BASE}/things?{query}").status == 200
    assert target.upstream.heads()[-1][0] == f"GET /inner/things?{query} HTTP/1.1"
