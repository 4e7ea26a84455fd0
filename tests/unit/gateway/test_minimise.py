"""Members leave only where the consent names their permission: through the whole chain, with a real shared state."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from calls import json_body, limited, operation, parameter, request, token
from world import World

from ringfence.gateway.minimise import Minimal, minimise, require_permissions, uncovered
from ringfence.gateway.stages import Valid
from ringfence.message import Headers, Response
from ringfence.policy.linking_model import ObjectRule
from ringfence.policy.minimise_model import Minimise, Minimised, MinimisedField
from ringfence.policy.pointers import parts_of
from ringfence.policy.rules_model import Idempotency
from ringfence.problem import Reason, Refused

JSON = (("content-type", "application/json"),)
BALANCE, NUMBER = "/Data/Account/*/Balance", "/Data/Account/*/Identification"
ACCOUNTS = {
    "Data": {"Account": [{"Id": "a", "Balance": "9.00", "Identification": "GB1"}, {"Id": "b", "Balance": None}]}
}
BARE = {"Data": {"Account": [{"Id": "a"}, {"Id": "b"}]}}


def minimised(fields: dict[str, str] | None = None, required: tuple[str, ...] = (), **more: Any) -> Minimised:
    fields = fields or {BALANCE: "ReadBalances", NUMBER: "ReadAccountsDetail"}
    stands = {"type": "accounts", "permissions": "/permissions"} | more
    rule = Minimise(fields=fields, **stands)
    return Minimised(
        rule, tuple(MinimisedField(at, tuple(parts_of(at)), needs, at in required) for at, needs in fields.items())
    )


def consent(*permissions: Any, **more: Any) -> dict[str, Any]:
    return {"type": "accounts", "permissions": list(permissions), **more}


def valid(
    *details: dict[str, Any], rule: Minimised | None = None, method: str = "GET", about: Any = None, **more: Any
) -> Valid:
    objects = more.pop("objects", ())
    op = operation(minimised=rule or minimised(), demands={"objects": objects}, method=method)
    found = limited(op, request(method))
    identified = msgspec.structs.replace(
        found.authorized.identified, token=token(authorization_details=details, **more)
    )
    authorized = msgspec.structs.replace(found.authorized, identified=identified)
    return Valid(msgspec.structs.replace(found, authorized=authorized), b"", None, {"path.id": about})


def answer(document: Any, status: int = 200, headers: Headers = JSON) -> Response:
    return Response(status, headers, document if isinstance(document, bytes) else msgspec.json.encode(document))


def names(call: Valid) -> set[str]:
    """Return the permissions that count."""
    rule = call.limited.authorized.identified.located.operation.minimised
    assert rule is not None
    return {field.permission for field in rule.fields} - {field.permission for field in uncovered(call)}


async def shown(document: Any, *details: dict[str, Any], **more: Any) -> Any:
    found = await minimise(answer(document), valid(*details, **more))
    assert isinstance(found.response.body, bytes)
    return msgspec.json.decode(found.response.body)


async def test_what_the_consent_does_not_name_is_taken_out_null_or_not() -> None:
    found = await minimise(answer(ACCOUNTS, headers=(*JSON, ("etag", '"1"'), ("x", "y"))), valid(consent()))
    assert msgspec.json.decode(found.response.body) == BARE  # type: ignore[arg-type]
    assert found.stripped == (f"consent:{BALANCE}", f"consent:{NUMBER}")
    assert found.response.headers == (*JSON, ("x", "y"))
    some = await shown(ACCOUNTS, consent("ReadBalances"))
    assert some["Data"]["Account"][0] == {"Id": "a", "Balance": "9.00"}
    assert await shown(ACCOUNTS, consent("ReadBalances", "ReadAccountsDetail")) == ACCOUNTS


async def test_an_answer_that_needs_no_change_leaves_as_the_octets_that_came() -> None:
    whole = answer(b'{ "Data" : {"Account": []} }', headers=(*JSON, ("etag", '"1"')))
    for call in (valid(consent()), valid(consent("ReadBalances", "ReadAccountsDetail"))):
        assert await minimise(whole, call) == Minimal(whole)
    plain = operation()
    found = Valid(limited(plain, request()), b"", None, {})
    text = answer(b"\x00", headers=())
    assert await minimise(text, found) == Minimal(text), "an operation without a rule"


@pytest.mark.parametrize(
    "permissions",
    [
        ["ReadBalance"],
        ["ReadBalancesDetail"],
        ["readbalances"],
        [" ReadBalances"],
        ["ReadBalances "],
        ["Read Balances", "ReadBalances\u200b"],
        ["ReadBalances,ReadAccountsDetail"],
        "ReadAccountsBasic ReadBalances",
        ["*"],
        [["ReadBalances", {}]],
        ["ReadBalances", None],
        ["ReadBalances", True],
        {"ReadBalances": True},
        {"0": "ReadBalances"},
        None,
        True,
        [],
    ],
)
def test_a_permission_is_named_exactly_or_not_at_all(permissions: Any) -> None:
    assert names(valid({"type": "accounts", "permissions": permissions})) == set()


def test_a_consent_of_another_type_or_none_at_all_covers_nothing() -> None:
    both = ("ReadBalances", "ReadAccountsDetail")
    assert names(valid()) == set()
    assert names(valid(consent(*both) | {"type": "Accounts"})) == set()
    assert names(valid({"type": "accounts"})) == set()
    assert names(valid({"permissions": list(both)})) == set()
    assert names(valid(consent(*both), grant_id="", consent_id="")) == set(), "nobody consented"
    assert names(valid(consent(*both))) == set(both)
    assert names(valid({"type": "accounts", "permissions": "ReadBalances"})) == {"ReadBalances"}


def test_of_several_objects_those_count_that_name_what_the_call_is_about() -> None:
    """Without a rule that says what that is, the answer may be about any: all of them have to name the permission."""
    first, second = consent("ReadBalances", ids=["a"]), consent("ReadAccountsDetail", ids=["b"])
    assert names(valid(first, second)) == set()
    assert names(valid(first, consent("ReadBalances", "ReadAccountsDetail"))) == {"ReadBalances"}
    by_id = (ObjectRule(parameter="path.id", type="accounts", granted="/ids"),)
    assert names(valid(first, second, objects=by_id, about="a")) == {"ReadBalances"}
    assert names(valid(first, second, objects=by_id, about="b")) == {"ReadAccountsDetail"}
    assert names(valid(first, second, objects=by_id, about=["a", "b"])) == set()
    assert names(valid(first, second, objects=by_id, about=None)) == set()
    assert names(valid(first, second, objects=by_id, about=[])) == set()
    assert names(valid(first, consent("ReadAccountsDetail", ids=["a"]), objects=by_id, about="a")) == {
        "ReadBalances",
        "ReadAccountsDetail",
    }
    other = (msgspec.structs.replace(by_id[0], type="other"),)
    assert names(valid(first, objects=other, about="x")) == {"ReadBalances"}


def test_scopes_are_permissions_where_no_type_is_named() -> None:
    rule = minimised({"/a": "accounts", "/b": "account"}, type="", permissions="")
    assert names(valid(rule=rule)) == {"accounts"}
    assert names(valid(rule=rule, scopes=frozenset({"accounts:read"}))) == set()


async def test_lists_in_lists_and_members_of_lists() -> None:
    rule = minimised({"/a/*/b/*/c": "x", "/tags/*": "y"})
    document = {"a": [{"b": [{"c": 1, "d": 2}, {"c": [{"c": 3}]}]}, {"b": []}, {}], "tags": ["t", None]}
    assert await shown(document, rule=rule) == {"a": [{"b": [{"d": 2}, {}]}, {"b": []}, {}], "tags": []}
    outer = minimised({"/a": "x", "/a/*/b": "y"})
    assert await shown({"a": [{"b": 1}], "z": 2}, rule=outer) == {"z": 2}
    assert await shown({"a": [{"b": 1}], "z": 2}, consent("x"), rule=outer) == {"a": [{}], "z": 2}
    escaped = minimised({"/x~1y/~0": "x"})
    assert await shown({"x/y": {"~": 1, "k": 2}}, rule=escaped) == {"x/y": {"k": 2}}
    assert await shown({"Data": None, "a": 1}) == {"Data": None, "a": 1}
    assert await shown({"Data": {"Account": "none"}}) == {"Data": {"Account": "none"}}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ([ACCOUNTS], JSON),
        ({"Data": [ACCOUNTS["Data"]]}, JSON),
        ({"Data": {"Account": {"0": {"Balance": 1}}}}, JSON),
        ({"Data": {"Account": [[{"Balance": 1}]]}}, JSON),
        (b'{"Data":{},"Data":{"Account":[{"Balance":1}]}}', JSON),
        (b'{"Data":{"Account":[{"Balance":1,"\\u0042alance":2}]}}', JSON),
        (b'{"Data":{"Account":[{"Balance":1}]}', JSON),
        (b'\xef\xbb\xbf{"Data":{}}', JSON),
        ("Balance 1".encode("utf-16"), (("content-type", "application/json; charset=utf-16"),)),
        (b'{"Balance":NaN}', JSON),
        (b"[" * 200 + b"]" * 200, JSON),
        (gzip.compress(msgspec.json.encode(ACCOUNTS)), (*JSON, ("content-encoding", "gzip"))),
        (ACCOUNTS, ()),
        (ACCOUNTS, (("content-type", "text/json"),)),
        (ACCOUNTS, (("content-type", "text/plain"), *JSON)),
        (ACCOUNTS, (("content-type", "application/json-seq"),)),
        (b'{"Balance":1}\n{"Balance":2}', (("content-type", "application/x-ndjson"),)),
        (b"data: {}\n\n", (("content-type", "text/event-stream"),)),
        (b"<Balance>1</Balance>", (("content-type", "application/xml"),)),
    ],
)
async def test_what_cannot_be_looked_into_does_not_leave_and_an_error_loses_its_body(
    body: Any, headers: Headers
) -> None:
    with pytest.raises(Refused) as refused:
        await minimise(answer(body, 200, headers), valid(consent("ReadBalances")))
    assert refused.value.reason is Reason.UPSTREAM_FIELD
    assert "Balance" not in refused.value.private
    found = await minimise(answer(body, 500, headers), valid(consent("ReadBalances")))
    assert (found.response.status, found.response.body, found.stripped) == (500, b"", ("consent:",))
    assert "content-type" not in dict(found.response.headers)
    whole = answer(body, 200, headers)
    assert await minimise(whole, valid(consent("ReadBalances", "ReadAccountsDetail"))) == Minimal(whole)


async def test_other_json_and_errors_are_looked_into() -> None:
    for headers in ((("content-type", "Application/JSON;charset=utf-8"),), (("content-type", "application/hal+json"),)):
        found = await minimise(answer(ACCOUNTS, 200, headers), valid())
        assert msgspec.json.decode(found.response.body) == BARE  # type: ignore[arg-type]
    failed = await minimise(answer(ACCOUNTS | {"Code": "x"}, 422), valid())
    assert msgspec.json.decode(failed.response.body) == BARE | {"Code": "x"}  # type: ignore[arg-type]
    plain = answer({"Code": "not found"}, 404)
    assert await minimise(plain, valid()) == Minimal(plain)


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304), ("GET", 204)])
async def test_an_answer_without_a_body_tells_nothing_of_the_whole(method: str, status: int) -> None:
    headers = (("content-length", "93"), ("etag", '"1"'), ("content-digest", "x"), ("x", "y"))
    found = await minimise(Response(status, headers, b""), valid(method=method))
    assert found == Minimal(Response(status, (("x", "y"),), b""))
    covered = valid(consent("ReadBalances", "ReadAccountsDetail"), method=method)
    assert (await minimise(Response(status, headers, b""), covered)).response.headers == headers


async def test_a_streamed_answer_is_read_whole_and_a_longer_one_let_go() -> None:
    closed = []

    async def stream(pieces: list[bytes]) -> AsyncIterator[bytes]:
        try:
            for piece in pieces:
                yield piece
        finally:
            closed.append(True)

    raw = msgspec.json.encode(ACCOUNTS)
    found = await minimise(Response(200, JSON, stream([raw[:10], raw[10:]])), valid())
    assert msgspec.json.decode(found.response.body) == BARE  # type: ignore[arg-type]
    closed.clear()
    with pytest.raises(Refused):
        await minimise(Response(200, JSON, stream([b" " * 600_000] * 3)), valid())
    assert closed


def test_a_required_member_refuses_the_call_before_it_goes_out_where_the_policy_says_so() -> None:
    strict = minimised(required=(NUMBER,))
    rule = msgspec.structs.replace(strict, rule=msgspec.structs.replace(strict.rule, required="refuse"))
    require_permissions(valid(consent("ReadAccountsDetail"), rule=rule))
    require_permissions(valid(rule=strict))
    with pytest.raises(Refused) as refused:
        require_permissions(valid(consent("ReadBalances"), rule=rule))
    assert refused.value.reason is Reason.CONSENT_EXCEEDED
    assert refused.value.detail == f"the answer has {NUMBER}, which needs ReadAccountsDetail"


def files_with(directory: Path, text: bytes) -> list[Path]:
    return [path for path in directory.iterdir() if path.is_file() and text in path.read_bytes()]


async def asked(world: World, *permissions: str, key: str = "", method: str = "GET", **claims: Any) -> Response:
    details = claims.pop("authorization_details", [consent(*permissions)])
    signed = world.caller.token(world.now, authorization_details=details, **claims)
    headers = (*JSON, ("idempotency-key", key)) if key else ()
    call = world.request(method, headers=headers, token=signed)
    call = msgspec.structs.replace(call, correlation=f"{len(world.recorder.events)}-{id(call)}")
    return await world.call(call, b"{}" if key else b"")


async def test_through_the_chain_the_event_tells_what_was_taken_out(tmp_path: Path) -> None:
    world = World(tmp_path, minimised=minimised())
    world.upstream.answer = answer(ACCOUNTS)
    narrow = await asked(world, "ReadAccountsDetail")
    assert b"9.00" not in narrow.body  # type: ignore[operator]
    assert world.recorder.events[-1].stripped == (f"consent:{BALANCE}",)
    assert msgspec.json.decode((await asked(world, "ReadAccountsDetail", "ReadBalances")).body) == ACCOUNTS  # type: ignore[arg-type]
    assert world.recorder.events[-1].stripped == ()
    await asked(world, "ReadBalances")
    assert world.recorder.events[-1].stripped == (f"consent:{NUMBER}",), "a token of the same grant, narrowed since"
    world.upstream.answer = answer(b"<html>Balance</html>", headers=(("content-type", "text/html"),))
    refused = await asked(world, "ReadBalances")
    assert (refused.status, world.recorder.events[-1].reason) == (502, "upstream-field")
    assert b"Balance" not in refused.body  # type: ignore[operator]


async def test_a_call_that_is_refused_for_a_required_member_is_not_sent(tmp_path: Path) -> None:
    rule = minimised(required=(BALANCE,))
    rule = msgspec.structs.replace(rule, rule=msgspec.structs.replace(rule.rule, required="refuse"))
    world = World(tmp_path, minimised=rule)
    refused = await asked(world, "ReadAccountsDetail")
    assert (refused.status, world.recorder.events[-1].reason, world.upstream.sent) == (403, "consent-exceeded", [])
    assert (await asked(world, "ReadBalances")).status == 200


async def test_a_kept_answer_is_minimised_again_for_who_repeats_the_call(tmp_path: Path) -> None:
    """And what the first one was not shown, the second is not shown either: it was never kept."""
    world = World(
        tmp_path,
        minimised=minimised(),
        method="POST",
        bodies=json_body({"type": "object"}),
        parameters=(parameter("x", {"type": "string"}, "header"),),
        demands={"idempotency": Idempotency(header="idempotency-key")},
    )
    world.upstream.answer = answer(ACCOUNTS, 201)
    first = await asked(world, "ReadBalances", key="k1", method="POST")
    assert b"9.00" in first.body  # type: ignore[operator]
    assert b"GB1" not in first.body  # type: ignore[operator]
    for permissions, told in (((), False), (("ReadAccountsDetail", "ReadBalances"), True)):
        again = await asked(world, *permissions, key="k1", method="POST")
        assert (again.status, dict(again.headers)["idempotent-replayed"]) == (201, "true")
        assert (b"9.00" in again.body) is told  # type: ignore[operator]
        assert b"GB1" not in again.body  # type: ignore[operator]
        assert world.recorder.events[-1].stripped == (() if told else (f"consent:{BALANCE}",))
    assert len(world.upstream.sent) == 1
    assert files_with(tmp_path, b"9.00")
    assert not files_with(tmp_path, b"GB1")
