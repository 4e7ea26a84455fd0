"""`ringfence canary`, against a management API that answers as ours does; the whole of it: tests/flow/app/test_canary.py."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ringfence.cli import canary
from ringfence.cli.connection import Management
from ringfence.cli.main import app
from ringfence.clock import Instant
from ringfence.events.calls import CallDecided

STANDING = {
    "source": "/r/next.yaml", "policy": "/p", "name": "n" * 16, "running": "r" * 16, "percent": 5.0, "clients": ["c_1"],
    "salt": "s", "since": 1_790_000_000.0, "promote": False, "refused": "",
}  # fmt: skip


class Answers:
    """Stands for the management API."""

    def __init__(self) -> None:
        self.standing: list[dict[str, Any] | None] = [None]
        self.asked: list[tuple[str, str, Any]] = []

    def get(self, _: Management, path: str, **params: Any) -> Any:
        self.asked.append(("GET", path, params))
        return {"canary": self.standing.pop(0) if len(self.standing) > 1 else self.standing[0]}

    def post(self, _: Management, path: str, body: Any = None) -> Any:
        self.asked.append(("POST", path, body))
        return {"canary": STANDING}

    def delete(self, _: Management, path: str) -> Any:
        self.asked.append(("DELETE", path, None))
        return {"canary": None}

    def find(self, _: Management, collection: str, key: str, alias: str, named: str) -> Any:
        return {"client_id": f"id of {named}"}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    made = Answers()
    for name in ("get", "post", "delete", "find"):
        method = getattr(made, name)
        monkeypatch.setattr(Management, name, lambda *a, _m=method, **k: _m(*a, **k))
    monkeypatch.setattr(canary, "judge", lambda path: path)
    return made


@pytest.fixture
def run(place: Path) -> Callable[..., Result]:
    def command(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["canary", *arguments, "--policy", str(place / "ringfence.yaml")])

    return command


def test_a_policy_is_tried_on_a_share_and_on_clients_by_name(run, ok, answers: Answers, place: Path) -> None:
    text = ok(run("start", str(place / "next.yaml"), "--share", "5", "--client", "acme"))
    assert f"{'n' * 16} governs 5 % of the clients and c_1" in text
    assert answers.asked == [
        ("POST", "/canary", {"source": str(place / "next.yaml"), "percent": 5.0, "clients": ["id of acme"]})
    ]
    assert json.loads(ok(run("start", str(place / "next.yaml"), "--share", "5", "--json"))) == STANDING


def test_what_does_not_begin(run, answers: Answers, place: Path) -> None:
    assert "--share 5" in run("start", str(place / "next.yaml")).output
    elsewhere = run("start", "/elsewhere/next.yaml", "--share", "5")
    assert (elsewhere.exit_code, "does not lie beside" in elsewhere.output) == (1, True)
    assert run("start", str(place / "next.yaml"), "--share", "101").exit_code == 2
    assert answers.asked == []


def test_mistakes_are_told_with_their_places_before_anybody_is_asked(
    run, answers: Answers, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    (place / "next.yaml").write_text("version: 2\n")
    told = run("start", str(place / "next.yaml"), "--share", "5")
    assert told.exit_code == 1
    assert "next.yaml:1:10: `version` is `2`" in told.output
    assert answers.asked == []


def test_what_is_tried_is_shown(run, ok, answers: Answers) -> None:
    assert ok(run("show")) == "No policy is being tried.\n"
    assert json.loads(ok(run("show", "--json"))) is None
    answers.standing = [STANDING | {"refused": "next.yaml has changed"}]
    text = ok(run("show"))
    assert f"/r/next.yaml ({'n' * 16}) governs 5 % of the clients and c_1" in text
    assert f"everybody else is governed by {'r' * 16}" in text
    assert "was not: next.yaml has changed" in text


def test_a_promotion_is_waited_for_until_it_holds_or_does_not(
    run, ok, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary, "LOOK_EVERY", 0.0)
    under_way = STANDING | {"promote": True}
    answers.standing = [under_way, under_way, None]
    assert "It holds for everybody." in ok(run("promote"))
    answers.standing = [under_way, STANDING | {"refused": "ringfence.yaml has changed"}]
    told = run("promote")
    assert (told.exit_code, "It is not promoted: ringfence.yaml has changed" in told.output) == (1, True)
    answers.standing = [under_way]
    monkeypatch.setattr(canary, "PROMOTED_WITHIN", 0.0)
    told = run("promote")
    assert (told.exit_code, "Is `ringfence up` running?" in told.output) == (1, True)


def test_it_is_ended(run, ok, answers: Answers) -> None:
    assert "governs everybody again" in ok(run("abort"))
    assert answers.asked == [("DELETE", "/canary", None)]


def test_both_policies_are_listed_beside_each_other(run, ok, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("compare").exit_code == 1
    answers.standing = [STANDING]

    def call(at: float, **more: Any) -> tuple[int, CallDecided]:
        return 1, CallDecided(
            Instant(STANDING["since"] + at), "c", "t", allowed=not more.get("reason"), status=200, client="c_1", **more
        )

    ours = {"policy": "n" * 16, "canary": True}
    events = [call(-1, policy="r" * 16), call(1, **ours), call(2, reason="total-exceeded", private="rule day", **ours)]
    monkeypatch.setattr(canary, "stored_events", lambda *_: events)
    lines = [line.split() for line in ok(run("compare")).splitlines()]
    assert ["c_1", "rule", "day", "0", "of", "1", "(0.0%)", "1", "of", "2", "(50.0%)", "more"] in lines
    assert ["*", "rule", "day", "no", "calls", "1", "of", "2", "(50.0%)", "more"] in lines
    found = json.loads(ok(run("compare", "--json")))
    assert (found["canary"], found["calls"]) == ("n" * 16, {"running": 0, "canary": 2})
    assert found["items"][1]["canary_refused"] == 1
