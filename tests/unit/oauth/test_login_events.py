"""`test_login.py`, and the conformance tests of payments and requests, see these events come."""

import msgspec

from ringfence.message import Peer, Request, TraceContext
from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.exchange import Exchange
from ringfence.oauth.login_events import login_decided
from ringfence.oauth.login_names import name_digest


def exchange(bank) -> Exchange:
    headers = (("user-agent", "Mozilla/5.0 Firefox/140.0"),)
    peer, trace = Peer(address="192.0.2.7"), TraceContext("t", "s", sampled=False)
    request = Request("POST", "https", "bank.example", "/oauth/login", "", headers, b"", peer, "corr", trace)
    return Exchange(request, Endpoint.LOGIN, "public", bank.clock.now, listed=("drop",))


def test_what_succeeded_has_no_reason(bank) -> None:
    event = login_decided(exchange(bank), bank.server, "mia", user="user_mia", acr="gold")
    assert (event.allowed, event.user, event.acr, event.reason) == (True, "user_mia", "gold", "")
    assert (event.network, event.correlation, event.listed, event.client) == ("192.0.2.7", "corr", ("drop",), "")
    assert (event.username_hash, event.agent_class) == (name_digest("mia", bank.server), "browser")


def test_what_was_refused_may_still_be_certain_of_whom(bank) -> None:
    event = login_decided(exchange(bank), bank.server, "mia", user="user_mia", client="shop", reason="second-factor")
    assert (event.allowed, event.user, event.client, event.reason) == (False, "user_mia", "shop", "second-factor")
    assert "mia" not in msgspec.structs.replace(event, user="").username_hash
