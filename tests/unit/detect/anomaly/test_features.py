import math

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.detect.anomaly.features import BYTES, CALLS, FAILED, FEATURES, SHARE, Window, seen_in
from ringfence.events.actions import AdminActed
from ringfence.events.calls import CallDecided
from ringfence.events.logins import LoginDecided
from ringfence.events.tokens import TokenDecided

NOW = Instant(1_800_000_000.0)


def call(**more: object) -> CallDecided:
    fields = {"allowed": True, "status": 200, "operation": "Read", "client": "c", "user": "u", "grant": "g",
              "network": "::ffff:192.0.2.1", "response_bytes": 2048} | more  # fmt: skip
    return CallDecided(NOW, "id", "t", **fields)


def test_a_call_is_about_user_client_network_and_everyone() -> None:
    seen = seen_in(call())
    assert seen.about == (
        ("user", "u", "c"),
        ("client", "c", "g"),
        ("network", "192.0.2.1", "u"),
        ("everyone", "everyone", "192.0.2.1"),
    )
    assert (seen.place, seen.size, seen.refused, seen.error) == ("192.0.2.0/24", 2048, False, False)


def test_who_is_not_known_is_nobody() -> None:
    seen = seen_in(
        call(client="", user="", grant="", operation="", path="/p", allowed=False, status=404, response_bytes=-1)
    )
    assert [kind for kind, _, _ in seen.about] == ["network", "everyone"]
    assert (seen.route, seen.step, seen.refused, seen.size) == ("/p", "nowhere", True, 0)


def test_logins_are_about_the_name_and_tokens_about_the_client() -> None:
    login = seen_in(LoginDecided(NOW, "id", allowed=False, username_hash="h", network="192.0.2.1"))
    assert [kind for kind, _, _ in login.about] == ["network", "name", "everyone"]
    assert login.failed
    token = seen_in(TokenDecided(NOW, "id", endpoint="TOKEN", allowed=False, client="c", network="192.0.2.1"))
    assert [kind for kind, _, _ in token.about] == ["client", "network"]
    assert seen_in(AdminActed(NOW, "id", "uid:0", "a", "s")) is None


def test_counts_become_logarithms_and_the_share_odds() -> None:
    window = Window()
    for n in range(9):
        window.add(seen_in(call(allowed=n > 2, status=200 if n > 2 else 403)), f"g{n}", 1.0)
    row = window.vector(2.0)
    assert len(row) == len(FEATURES)
    assert row[CALLS] == pytest.approx(math.log(10))
    assert row[SHARE] == pytest.approx(math.log(3.5 / 6.5))
    assert row[BYTES] == pytest.approx(math.log1p(18))
    assert row[FAILED] == 0


def test_a_window_is_gone_on_from() -> None:
    window = Window()
    window.add(seen_in(call()), "g", 1.5)
    window.evidence.append((7, "id"))
    again = Window.restored(msgspec.msgpack.decode(msgspec.msgpack.encode(window.snapshot())))
    assert again.vector(1.0) == window.vector(1.0)
    assert again.evidence == window.evidence


def test_room_for_one_window_is_bounded() -> None:
    window = Window()
    for n in range(2000):
        window.add(seen_in(call(operation="", path=f"/p{n}", client="")), f"o{n}", 0.0)
    assert len(window.routes) == len(window.others) == 256
