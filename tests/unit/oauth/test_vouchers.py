"""What was given out comes back once, to whom it was given."""

import msgspec
import pytest

from ringfence.message import Peer, Request
from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.exchange import Exchange
from ringfence.oauth.vouchers import check, give, take_back
from ringfence.problem import Reason, Refused

REQUEST = Request(
    method="GET", scheme="https", authority="bank.example", path="/", query="", headers=(), body=b"",
    peer=Peer("192.0.2.1"), correlation="c", trace="",
)  # fmt: skip


def exchange(bank, browser="b" * 43) -> Exchange:
    return Exchange(REQUEST, Endpoint.LOGIN, "public", bank.clock.now, browser=browser)


async def test_it_comes_back_once(bank):
    here = exchange(bank)
    text = give("challenge", "mia", here, bank.server)
    assert give("challenge", "mia", here, bank.server) != text
    assert check(text, "challenge", "mia", here, bank.server) == bank.clock.now + 300
    assert await take_back(text, "challenge", "mia", here, bank.server) == bank.clock.now + 300
    with pytest.raises(Refused) as why:
        await take_back(text, "challenge", "mia", here, bank.server)
    assert why.value.reason is Reason.SESSION_INVALID


@pytest.mark.parametrize("change", ["purpose", "about", "browser", "time", "cut", "bit", "empty"])
async def test_to_nobody_else_and_for_nothing_else(bank, change):
    here = exchange(bank)
    text, purpose, about = give("challenge", "mia", here, bank.server), "challenge", "mia"
    match change:
        case "purpose":
            purpose = "password"
        case "about":
            about = "tom"
        case "browser":
            here = exchange(bank, "c" * 43)
        case "time":
            here = msgspec.structs.replace(here, now=here.now + 300)
        case "cut":
            text = text[:-4]
        case "bit":
            text = ("B" if text[0] == "A" else "A") + text[1:]
        case "empty":
            text = ""
    with pytest.raises(Refused):
        await take_back(text, purpose, about, here, bank.server)


def test_one_that_follows_ends_with_the_one_before(bank):
    here = exchange(bank)
    text = give("p", "", here, bank.server, bank.clock.now + 10)
    assert check(text, "p", "", here, bank.server) == bank.clock.now + 10
