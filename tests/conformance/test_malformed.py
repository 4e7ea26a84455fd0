"""Requests that are not well-formed: each a clear 4xx with a correlation id, and an event."""

import pytest

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("path", ["/oauth/par", "/oauth/token", "/oauth/introspect", "/oauth/revoke"])
@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"a=1&a=2", {"content-type": FORM}, 400),
        (b"a=1&%61=2", {"content-type": FORM}, 400),
        (b"a=%zz", {"content-type": FORM}, 400),
        (b"a=%ff", {"content-type": FORM}, 400),
        (b"a=\xff", {"content-type": FORM}, 400),
        (b"a=%00", {"content-type": FORM}, 400),
        (b"&".join(b"p%d=1" % n for n in range(65)), {"content-type": FORM}, 400),
        (b"a=" + b"x" * 65_536, {"content-type": FORM}, 413),
        (b"{}", {"content-type": "application/json"}, 400),
        (b"a=1", {"content-type": f"{FORM}; charset=utf-7"}, 400),
        (b"a=1", {}, 400),
        (b"\x1f\x8b", {"content-type": FORM, "content-encoding": "gzip"}, 415),
        (b"", {"content-type": FORM}, 401),
        (b"client_id=client_one", {"content-type": FORM}, 401),
        (b"client_id=nobody", {"content-type": FORM}, 401),
        (b"client_id=client_one&client_secret=x", {"content-type": FORM}, 401),
        (b"client_id=client_one", {"content-type": FORM, "authorization": "Basic eDp5"}, 401),
        (b"client_assertion=garbage&client_assertion_type=x", {"content-type": FORM}, 401),
    ],
)
async def test_malformed_forms(bank, path, body, headers, status):
    answer = await bank.http.post(path, content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]
    assert answer.json()["correlation_id"] == answer.headers["x-correlation-id"]
    assert answer.headers["cache-control"] == "no-store"
    event = bank.events.seen[-1]
    assert (event.allowed, event.correlation) == (False, answer.headers["x-correlation-id"])


async def test_parameters_in_the_url_of_a_post(bank):
    answer = await bank.partner.post("/oauth/token?scope=payments", {"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_unknown_paths_and_methods(bank):
    assert (await bank.http.get("/oauth/nothing")).status_code == 404
    for method in ("GET", "PUT", "DELETE", "OPTIONS", "TRACE"):
        answer = await bank.http.request(method, "/oauth/token")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"
    assert (await bank.http.head("/oauth/jwks")).status_code == 200
    assert (await bank.http.put("/oauth/authorize")).status_code == 405


async def test_a_store_that_is_out_is_a_503_and_nothing_leaks(bank):
    await bank.ports.records.close()
    bank.ports.fast.close()
    answer = await bank.partner.token({"grant_type": "client_credentials", "scope": "accounts"})
    assert answer.status_code in (500, 503)
    assert answer.json()["error"] in ("temporarily_unavailable", "server_error")
    assert "sqlite" not in answer.text.lower()
    assert "Traceback" not in answer.text


async def test_a_full_event_stream_gives_no_token(bank):
    bank.events.full = True
    answer = await bank.partner.token({"grant_type": "client_credentials", "scope": "accounts"})
    assert answer.status_code == 503
    assert "access_token" not in answer.text
    assert answer.headers["retry-after"] == "1"


async def test_fields_that_only_the_edge_sets_must_be_there_once(bank):
    direct = bank.client("203.0.113.9")
    del direct.headers["x-ringfence-peer"]
    assert (await direct.get("/oauth/jwks")).status_code == 500
    twice = [("x-ringfence-peer", "203.0.113.9"), ("x-ringfence-peer", "10.0.0.1"), ("x-ringfence-listener", "public")]
    assert (await direct.get("/oauth/jwks", headers=twice)).status_code == 500


@pytest.mark.parametrize("query", ["client_id=a&client_id=b", "request_uri=%zz", "client_id=%ff", ""])
async def test_malformed_visits_are_pages(bank, query):
    answer = await bank.http.get(f"/oauth/authorize?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-correlation-id"] in answer.text
