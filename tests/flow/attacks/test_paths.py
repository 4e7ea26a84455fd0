"""Can a path reach an operation that is not exposed, or one with stronger demands than were checked?"""

import pytest
from installation_under_attack import BASE, Target

pytestmark = pytest.mark.flow


@pytest.mark.parametrize("name", ["export", "secret"])
@pytest.mark.parametrize(
    "spelling",
    [
        "{}%20", "%20{}", "{}.", "{}..", "{}.json", "{};x", "{};a=b", "{};", "{}%23", "{}%3fa", "{}%C2%A0", "{}%E2%80%8B",
        "%EF%BD%85xport" , "%EF%BD%93ecret",
    ],
)  # fmt: skip
def test_a_parameter_cannot_be_another_operations_name(
    target: Target, name: str, spelling: str, nothing_reaches_the_upstream: None
) -> None:
    path = f"{BASE}/things/{spelling.format(name)}"
    target.check_refused(target.get(path), 400, "unsafe-path")


@pytest.mark.parametrize("name", ["EXPORT", "Secret"])
def test_case_does_not_make_another_name(target: Target, name: str, nothing_reaches_the_upstream: None) -> None:
    target.check_refused(target.get(f"{BASE}/things/{name}"), 400, "unsafe-path")


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/things/export", 404, "not-exposed"),
        ("/things/secret", 403, "scope-missing"),
        ("/things/export/", 404, "unknown-path"),
        ("/Things", 404, "unknown-path"),
        ("/things//export", 400, "unsafe-path"),
        ("/things/x/../export", 400, "unsafe-path"),
        ("/things/x/..;/export", 400, "unsafe-path"),
        ("/things/x%2f..%2fexport", 400, "unsafe-path"),
        ("/things/x%252f..%252fexport", 400, "unsafe-path"),
        ("/things/%65xport", 400, "unsafe-path"),
        ("/things/exp%C0%AFort", 400, "unsafe-path"),
        ("/things/%E0%80%AF", 400, "unsafe-path"),
        ("/things/x%00", 400, "unsafe-path"),
        ("/things/x%0d%0a", 400, "unsafe-path"),
        ("/things/x%3Bexport", 400, "unsafe-path"),
        ("/things/%ZZ", 400, "unsafe-path"),
        ("/things/a\\b", 400, "unsafe-path"),
        ("/" + "a/" * 70, 404, "unknown-path"),
        ("/../../token", 400, "unsafe-path"),
    ],
)
def test_other_spellings_get_nowhere(
    target: Target, path: str, status: int, reason: str, nothing_reaches_the_upstream: None
) -> None:
    target.check_refused(target.get(BASE + path), status, reason)


@pytest.mark.parametrize("name", ["exporter", "export-2", "se.cret", "a;b", "caf%C3%A9", "x%23y", "7%2C8"])
def test_an_honest_name_is_not_taken_for_another(target: Target, name: str) -> None:
    assert target.get(f"{BASE}/things/{name}").status == 200
    assert target.upstream.heads()[-1][0] == f"GET /inner/things/{name} HTTP/1.1"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "localhost", "localhost.:{port}", "a@localhost:{port}", "localhost:{port}@evil", "localhost:0{port}",
        "[::1]:{port}", "127.0.0.1:{port}", "localhost:{port}:443", "localhost:443", "localhost%00:{port}", " ",
        "localhost:{port}, evil", "localhost:{port}/x", "localhost:{port}#", "LOCALHOST.evil",
    ],
)  # fmt: skip
def test_a_proof_for_another_host_does_not_pass(target: Target, host: str, nothing_reaches_the_upstream: None) -> None:
    named = host.format(port=target.installation.public_port)
    answer = target.raw(target.request("GET", f"{BASE}/things", host=named))
    status = 421 if answer.reason == "unknown-host" else 400
    assert answer.reason in {"unknown-host", "malformed-request", "ambiguous-header"}
    target.check_refused(answer, status, answer.reason)


def test_case_and_an_absolute_target_of_our_own_are_the_same_resource(target: Target) -> None:
    assert target.raw(target.request("GET", f"{BASE}/things", host=target.host.upper())).status == 200
    path = f"{BASE}/things"
    absolute = target.request("GET", f"https://{target.host}{path}", proof_path=path)
    assert target.raw(absolute).status == 200


def test_an_absolute_target_decides_and_not_the_host(target: Target, nothing_reaches_the_upstream: None) -> None:
    path = f"{BASE}/things"
    absolute = target.request("GET", f"https://evil.example{path}", proof_path=path)
    target.check_refused(target.raw(absolute), 421, "unknown-host")
