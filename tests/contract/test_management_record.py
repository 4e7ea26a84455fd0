"""Every route of the management API that changes something: what was done and what was refused are each an entry."""

import re

import httpx
import msgspec
import pytest
from starlette.routing import Route

from ringfence.admin.api import create_app
from ringfence.admin.exchange import Answer
from ringfence.admin.ports import AdminPorts
from ringfence.custody.wire import Done, SignerRefused
from ringfence.events import Event
from ringfence.events.actions import AdminActed
from ringfence.policy.model import Policy
from ringfence.store.interface import Unavailable
from tests.unit.admin import conftest as management

policy, ports = management.policy, management.ports

CHANGING = ("POST", "DELETE")
LOOKS = {"POST /risk/show"}
"""Asks by a body, and changes nothing."""

IDENTIFIER = "thing_" + "a" * 26


class Entries:
    """Takes events as they come."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.broken = False

    def emit(self, event: Event) -> None:
        self.ready()
        self.events.append(event)

    def ready(self) -> None:
        if self.broken:
            raise Unavailable("broken on purpose")


class Signer:
    """Answers as the signer does, or refuses."""

    refuses = False

    async def manage(self, action: str, key: str = "", by: str = "", why: str = "", data: bytes = b"") -> Done:
        del by, why, data
        if self.refuses:
            raise SignerRefused("state", "it is suspended")
        return Done({"key": key, "wish": "wish_1", "state": action})


@pytest.fixture
def recorder() -> Entries:
    return Entries()


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def routes(policy: Policy, ports: AdminPorts, signer: Signer) -> list[tuple[str, Route]]:
    app = create_app(policy, msgspec.structs.replace(ports, keys=signer))
    found = [
        (f"{method} {route.path}", route)
        for route in app.routes
        if isinstance(route, Route)
        for method in sorted(set(route.methods or ()) & set(CHANGING))
    ]
    assert len(found) > 40
    return found


async def call(name: str, route: Route, content: bytes = b"{}") -> httpx.Response:
    method, _, path = name.partition(" ")
    transport = httpx.ASGITransport(_only(route))
    async with httpx.AsyncClient(transport=transport, base_url="http://management") as client:
        target = re.sub(r"\{[^}]*\}", IDENTIFIER, path)
        return await client.request(method, target, content=content, headers={"content-type": "application/json"})


def _only(route: Route):
    async def app(scope, receive, send) -> None:
        _, inner = route.matches(scope)
        await route.handle(scope | inner, receive, send)

    return app


def replaced(route: Route, handler) -> None:
    """Put another handler into a route as it is served, frame and all."""
    (answered,) = [
        cell.cell_contents
        for cell in route.endpoint.__closure__
        if getattr(cell.cell_contents, "__name__", "") == "answered"
    ]
    names = answered.__code__.co_freevars
    answered.__closure__[names.index("handler")].cell_contents = handler


async def test_what_is_refused(routes, recorder):
    done = 0
    for name, route in routes:
        recorder.events.clear()
        answer = await call(name, route, b'{"no such member": 1}')
        if answer.status_code < 400:
            done += 1  # it reads no body: it was done, which another test looks at
            continue
        (entry,) = [event for event in recorder.events if isinstance(event, AdminActed)]
        assert (entry.action, entry.actor, entry.correlation) == (name, "uid:1000", answer.headers["x-correlation-id"])
        assert answer.json()["type"].endswith(entry.outcome)
        assert entry.subject == (IDENTIFIER if "{" in name else "")
    assert done < 3


async def test_what_is_done_without_a_word_is_told_by_the_frame(routes, recorder):
    async def silent(_call) -> Answer:
        return Answer({})

    for name, route in routes:
        recorder.events.clear()
        replaced(route, silent)
        assert (await call(name, route)).status_code == 200
        (entry,) = recorder.events
        assert (entry.action, entry.outcome) == (name, "done")


async def test_what_fails_is_an_entry_too(routes, recorder):
    async def broken(_call) -> Answer:
        raise ZeroDivisionError

    for name, route in routes:
        recorder.events.clear()
        replaced(route, broken)
        assert (await call(name, route)).status_code == 500
        (entry,) = recorder.events
        assert (entry.action, entry.outcome) == (name, "internal")


async def test_nothing_is_done_where_nothing_can_be_put_on_record(routes, recorder):
    async def never(_call) -> Answer:
        raise AssertionError

    recorder.broken = True
    for name, route in routes:
        replaced(route, never)
        assert (await call(name, route)).status_code == 503, name


async def test_what_is_done_with_keys_has_a_name_of_its_own(routes, recorder, signer):
    bodies = {
        "POST /key-shreddings": b'{"tenant": "client:acme", "why": "over"}',
        "POST /key-imports/{offer}": b'{"wrapped": "AAAA", "why": "theirs"}',
    }
    of_keys = [(name, route) for name, route in routes if name.startswith("POST /key")]
    assert len(of_keys) == 8
    for name, route in of_keys:
        for refuses in (False, True):
            recorder.events.clear()
            signer.refuses = refuses
            answer = await call(name, route, bodies.get(name, b'{"why": "because"}'))
            (entry,) = recorder.events
            assert answer.status_code == (409 if refuses else 200), answer.text
            assert entry.outcome == ("conflict" if refuses else "done")
            assert entry.action == name if refuses else entry.action.startswith("key.")


async def test_the_life_of_a_user_a_block_and_a_case(policy, ports, recorder):
    """What is done for real says so once, under its own name."""
    transport = httpx.ASGITransport(create_app(policy, ports))
    async with httpx.AsyncClient(transport=transport, base_url="http://management") as client:
        user = (await client.post("/users", json={"username": "mia", "password": "correct horse battery"})).json()
        block = {"kind": "network", "value": "192.0.2.0/24", "seconds": 60, "why": "scanning"}
        steps = [
            ("POST", f"/users/{user['user_id']}/disable", {}),
            ("POST", f"/users/{user['user_id']}/disable", {}),
            ("POST", f"/users/{user['user_id']}/enable", {}),
            ("DELETE", f"/users/{user['user_id']}", None),
            ("DELETE", f"/users/{user['user_id']}", None),
            ("POST", "/blocks", block),
            ("POST", "/blocks/lift", {"kind": "network", "value": "192.0.2.0/24"}),
            ("POST", "/blocks/lift", {"kind": "network", "value": "192.0.2.0/24"}),
            ("PATCH", "/users", {}),
            ("POST", "/nowhere", {}),
        ]
        entries = []
        for method, path, body in steps:
            recorder.events.clear()
            answer = await client.request(method, path, json=body)
            assert recorder.events, (path, answer.text)
            outcome = getattr(recorder.events[-1], "outcome", "done")
            assert (outcome == "done") is (answer.status_code < 400), (path, answer.text)
            entries.append(outcome)
    assert {"done", "not-found", "method-not-allowed", "unknown-path"} <= set(entries)


async def test_looking_is_no_change(routes, ports, recorder):
    (route,) = [route for name, route in routes if name in LOOKS]
    answer = await call("POST /risk/show", route, b'{"kind": "user", "value": "user_mia"}')
    assert answer.status_code == 200
    assert recorder.events == []
