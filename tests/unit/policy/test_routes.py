import time
from typing import Any

import msgspec
import pytest

from ringfence.policy.demands import effective
from ringfence.policy.model import Demands, Upstream
from ringfence.policy.operations import Operation, Parameter
from ringfence.policy.routes import Conflict, RouteTable
from ringfence.problem import Reason, Refused

ANY: Any = Operation(
    "a",
    "v",
    "id",
    "GET",
    "/",
    Upstream(url="http://u"),
    "a/v",
    effective(Demands(), {}),
    (),
    {},
    body_required=False,
    unknown_query="refuse",
    statuses=frozenset(),
)


def _parameter(style: str) -> Any:
    return Parameter("id", "path", True, style, False, "integer", "any", None)  # type: ignore[arg-type]  # noqa: FBT003


def table(*routes: str, base: str = "") -> RouteTable:
    made = RouteTable()
    for route in routes:
        method, _, template = route.partition(" ")
        made.add(msgspec.structs.replace(ANY, method=method, template=base + template, operation_id=route), base)
    return made


def reason(made: RouteTable, method: str, path: str) -> Reason:
    with pytest.raises(Refused) as refused:
        made.match(method, path)
    return refused.value.reason


def found(made: RouteTable, path: str, method: str = "GET") -> tuple[str, dict[str, str], str]:
    match = made.match(method, path)
    return match.operation.operation_id, match.path_parameters, match.rest


def test_a_literal_wins_over_a_template_and_a_dead_end_turns_back() -> None:
    made = table("GET /a/{x}", "GET /a/b", "GET /a/{x}/c", "GET /a/b/d")
    assert found(made, "/a/b")[0] == "GET /a/b"
    assert found(made, "/a/z") == ("GET /a/{x}", {"x": "z"}, "/a/z")
    assert found(made, "/a/b/c") == ("GET /a/{x}/c", {"x": "b"}, "/a/b/c")


def test_parts_of_segments() -> None:
    made = table("GET /{id}.json", "GET /a-{x}", "GET /{id}", "GET /{from}..{to}")
    assert found(made, "/7.json")[:2] == ("GET /{id}.json", {"id": "7"})
    assert found(made, "/a-7")[:2] == ("GET /a-{x}", {"x": "7"})
    assert found(made, "/1..2")[:2] == ("GET /{from}..{to}", {"from": "1", "to": "2"})
    assert found(made, "/7.xml")[:2] == ("GET /{id}", {"id": "7.xml"})
    assert found(made, "/.json")[:2] == ("GET /{id}", {"id": ".json"})


def test_the_base_path_is_taken_off_and_escapes_are_kept() -> None:
    made = table("GET /x/{id}", base="/open-banking/v4.0")
    assert found(made, "/open-banking/v4.0/x/a%20b") == ("GET /x/{id}", {"id": "a%20b"}, "/x/a%20b")
    assert found(made, "/%6fpen-banking/v4.0/x/%41")[1:] == ({"id": "A"}, "/x/A")


def test_a_trailing_slash_is_another_path() -> None:
    made = table("GET /a", "GET /b/", "GET /c/{x}")
    assert found(made, "/b/")[0] == "GET /b/"
    for path in ("/a/", "/b", "/c/", "/"):
        assert reason(made, "GET", path) is Reason.UNKNOWN_PATH


def test_methods_that_are_not_there_are_told_with_those_that_are() -> None:
    made = table("GET /a", "POST /a")
    made.hide("DELETE", "/a", "")
    made.hide("GET", "/hidden", "")
    with pytest.raises(Refused) as refused:
        made.match("PUT", "/a")
    assert refused.value.reason is Reason.METHOD_NOT_ALLOWED
    assert refused.value.headers == (("allow", "GET, POST"),)
    assert reason(made, "HEAD", "/a") is Reason.METHOD_NOT_ALLOWED
    assert reason(made, "DELETE", "/a") is Reason.NOT_EXPOSED
    assert reason(made, "GET", "/hidden") is Reason.NOT_EXPOSED
    assert reason(made, "PUT", "/hidden") is Reason.UNKNOWN_PATH


@pytest.mark.parametrize(
    "path",
    [
        "/a/..",
        "/a/%2e%2e",
        "/a/.",
        "/a/%2E",
        "/a/..;/b",
        "/a/..;x",
        "/a/%2f",
        "/a/b%5Cc",
        "/a/b\\c",
        "/a/%00",
        "/a/%0a",
        "/a/%252f",
        "/a/%25%32%66",
        "/a//b",
        "//a",
        "/a/%",
        "/a/%zz",
        "/a/%c3",
        "a",
        "",
        "*",
        "/a/b c",
        "/a/é",
        "/a/b?c",
        "/a/b#c",
        "/a/%7f",
        "/a/;x",
        "/a/" + "b" * 9000,
    ],
)
def test_a_path_that_could_be_read_two_ways_is_refused(path: str) -> None:
    assert reason(table("GET /a/{x}", "GET /a/{x}/{y}", "GET /a/b/c"), "GET", path) is Reason.UNSAFE_PATH


def test_harmless_escapes_pass() -> None:
    made = table("GET /a/{x}")
    for text in ("%20", "caf%C3%A9", "a:b", "100%25", "a;b=1", ".well-known", "...", "a%3Fb"):
        assert made.match("GET", f"/a/{text}").path_parameters["x"]


def test_two_operations_for_the_same_calls_conflict() -> None:
    made = table("GET /a/{x}")
    with pytest.raises(Conflict, match=r"GET /a/\{x\}"):
        made.hide("GET", "/a/{y}", "")


def test_the_cost_does_not_grow_with_the_number_of_operations() -> None:
    def cost(count: int) -> float:
        made = table(*(f"GET /r{i}/{{id}}/x" for i in range(count)))
        best = 1.0
        for _ in range(7):
            started = time.perf_counter()
            for _ in range(500):
                made.match("GET", "/r0/abc/x")
            best = min(best, time.perf_counter() - started)
        return best

    assert cost(1000) < 3 * cost(1)


@pytest.mark.parametrize(
    "segment",
    [
        "export;x", "export;", "EXPORT", "Export", "export.", "export%20", "%20export", "export.json", "export%23a", "export%3f",
        "%EF%BD%85xport", "export%E2%80%8B", "export%C2%A0",
    ],
)  # fmt: skip
def test_a_parameter_that_a_lenient_server_takes_for_another_operation_is_refused(segment: str) -> None:
    made = table("GET /a/{x}", "GET /a/{x}/b")
    made.hide("GET", "/a/export", "")
    assert reason(made, "GET", "/a/export") is Reason.NOT_EXPOSED
    assert reason(made, "GET", f"/a/{segment}") is Reason.UNSAFE_PATH
    assert reason(made, "GET", f"/a/{segment}/b") is Reason.UNSAFE_PATH
    assert found(made, "/a/export/b")[1] == {"x": "export"}  # as written, it can be read in one way only


@pytest.mark.parametrize("segment", ["exports", "ex.port", "x;export", "export-1", "caf%C3%A9", "v1.5"])
def test_a_parameter_that_only_resembles_a_name_is_taken(segment: str) -> None:
    made = table("GET /a/{x}", "GET /a/export", "GET /a/v1.0")
    assert found(made, f"/a/{segment}")[0] == "GET /a/{x}"


def test_without_a_name_beside_it_a_parameter_may_be_anything() -> None:
    assert found(table("GET /a/{x}", "GET /export"), "/a/Export;x")[1] == {"x": "Export;x"}


MATRIX: Any = msgspec.structs.replace(
    ANY, method="GET", template="/u/{id}", operation_id="matrix", parameters=(_parameter("matrix"),)
)


def test_path_parameters_are_taken_only_where_they_are_declared() -> None:
    made = table("GET /v/{id}", "GET /u/list")
    assert reason(made, "GET", "/u/;id=5") is Reason.UNSAFE_PATH
    made.add(MATRIX, "")
    assert made.match("GET", "/u/;id=5").path_parameters == {"id": ";id=5"}
    for path in ("/v/;id=5", "/;x/;id=5", "/u/..;id=5", "/u/.;id=5", "/u/;id=5/;x"):
        assert reason(made, "GET", path) in {Reason.UNSAFE_PATH, Reason.UNKNOWN_PATH}
    assert made.match("GET", "/v/5").path_parameters == {"id": "5"}
