"""Whose browser it is: only a login makes it known, to one customer, until the password changes."""

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.ids import CorrelationId, system_random
from ringfence.message import Peer, Request, TraceContext
from ringfence.oauth.cookies import KNOWN
from ringfence.oauth.known_browser import known_since, recognise, remember
from ringfence.store.model import User

MIA = User(user_id="user_mia", username="mia", password_hash="$argon2id$x", created_at=Instant(0))


def request(value: str) -> Request:
    trace = TraceContext("0" * 32, "0" * 16, sampled=False)
    headers = (("cookie", f"{KNOWN}={value}"),)
    return Request("POST", "https", "a", "/", "", headers, b"", Peer(""), CorrelationId("c"), trace)


def remembered(user: User) -> str:
    name, line = remember(user, system_random, Instant(1_700_000_000.9))
    assert name == "set-cookie"
    for attribute in ("Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age="):
        assert attribute in line
    return line.partition(";")[0].partition("=")[2]


def test_it_is_known_to_its_customer_only():
    value = remembered(MIA)
    assert recognise(request(value), MIA) == value.rpartition(".")[0]
    assert known_since(request(value), MIA) == 1_700_000_000
    assert known_since(request(value), None) is None
    assert recognise(request(value), None) == ""
    for change in ({"user_id": "user_tom"}, {"password_hash": "$argon2id$new"}):
        assert recognise(request(value), msgspec.structs.replace(MIA, **change)) == ""


@pytest.mark.parametrize(
    "value",
    ["", ".", "x", "a" * 43, f"{'a' * 43}.{'0' * 64}", f"{'ü' * 43}.{'ü' * 64}", "\x00", f"{'a' * 43}.17.{'0' * 64}"],
)
def test_what_we_did_not_seal_is_not_known(value):
    assert recognise(request(value), MIA) == ""


def test_two_browsers_are_two():
    assert remembered(MIA) != remembered(MIA)


def test_nobody_makes_a_browser_older_than_it_is():
    value, since, seal = remembered(MIA).split(".")
    assert since == "1700000000"
    assert known_since(request(f"{value}.1600000000.{seal}"), MIA) is None
