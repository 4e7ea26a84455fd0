"""Can header fields make the upstream believe something of the call that we have not checked?"""

import pytest
from installation_under_attack import BASE, Target

pytestmark = pytest.mark.flow

OURS = {
    "host", "traceparent", "x-correlation-id", "x-ringfence-client", "x-ringfence-user", "x-ringfence-grant",
    "x-ringfence-scopes",
}  # fmt: skip


@pytest.mark.parametrize(
    "lines",
    [
        b"x-ringfence-user: evil",
        b"X-RINGFENCE-USER: evil",
        b"X-Ringfence-Anything: evil",
        b"connection: x-ringfence-user, x-ringfence-client, x-ringfence-grant, traceparent",
        b"connection: close, X-Ringfence-User",
        b"x-forwarded-for: 6.6.6.6\r\nx-real-ip: 6.6.6.6\r\nforwarded: for=6.6.6.6\r\nvia: 1.1 evil",
        b"true-client-ip: 6.6.6.6\r\ncf-connecting-ip: 6.6.6.6\r\nx-cluster-client-ip: 6.6.6.6",
        b"x-http-method-override: DELETE\r\nx-http-method: DELETE\r\nx-method-override: DELETE",
        b"x-original-url: /things/export\r\nx-rewrite-url: /things/export\r\nx-original-uri: /things/export",
        b"x-original-host: evil\r\nx-host: evil\r\nx-forwarded-host: evil",
        b"remote-user: root\r\nx-remote-user: root\r\nx-authenticated-user: root\r\nx-auth-request-user: root",
        b"x-client-cert: x\r\nssl-client-cert: x\r\nx-ssl-client-s-dn: CN=root\r\nx-forwarded-client-cert: Hash=aa",
        b"te: trailers\r\ntrailer: x\r\nkeep-alive: 1\r\nproxy-connection: keep-alive\r\nproxy-authorization: Basic x",
        b"cookie: session=1",
        b"x-correlation-id: mine\r\ntraceparent: 00-evil",
        b"connection: x-own\r\nx-own: 1",
    ],
)
def test_what_a_caller_must_not_say_ends_here(target: Target, lines: bytes) -> None:
    answer = target.get(f"{BASE}/things", lines)
    assert answer.status == 200
    fields = target.upstream.heads()[-1][1]
    assert {name for name, _ in fields} == OURS
    assert len(fields) == len(OURS)
    said = dict(fields)
    assert said["x-ringfence-client"] == target.partner.registration.client_id
    assert said["x-ringfence-user"].startswith("user_")
    assert said["x-correlation-id"] == answer.header("x-correlation-id")


@pytest.mark.parametrize(
    ("lines", "status", "reason"),
    [
        (b"connection: authorization", 401, "token-missing"),
        (b"connection: dpop", 401, "proof-missing"),
        (b"connection: host", 400, "malformed-request"),
        (b"authorization: Bearer x", 400, "ambiguous-header"),
        (b"dpop: x", 400, "ambiguous-header"),
        (b"x_ringfence_user: evil", 400, "malformed-request"),
        (b"x-ringfence_user: evil", 400, "malformed-request"),
        (b"expect: 200-ok", 417, "malformed-request"),
        (b"x: \xe9", 400, "malformed-request"),
        (b"x: a\0b", 400, "malformed-request"),
        (b"upgrade: websocket\r\nconnection: upgrade", 400, "malformed-request"),
    ],
)
def test_fields_that_two_readers_could_take_differently(
    target: Target, lines: bytes, status: int, reason: str, nothing_reaches_the_upstream: None
) -> None:
    target.check_refused(target.get(f"{BASE}/things", lines), status, reason)


def test_a_partners_own_request_id_goes_through(target: Target) -> None:
    """Berlin Group's APIs demand one."""
    assert target.get(f"{BASE}/things", b"X-Request-ID: 99391c7e-ad88-49ec-a2ad-99ddcb1f7721").status == 200
    assert ("x-request-id", "99391c7e-ad88-49ec-a2ad-99ddcb1f7721") in target.upstream.heads()[-1][1]
