import pytest

from ringfence.ids import CorrelationId
from ringfence.message import Peer, Request, TraceContext
from ringfence.oauth.cookies import BROWSER, SESSION, drop_cookie, read_cookie, set_cookie
from ringfence.problem import Reason, Refused


def request(*cookies: str) -> Request:
    headers = tuple(("cookie", value) for value in cookies)
    trace = TraceContext("0" * 32, "0" * 16, sampled=False)
    return Request("GET", "https", "a", "/", "", headers, b"", Peer(""), CorrelationId("c"), trace)


def test_reading():
    assert read_cookie(request(f"a=b; {BROWSER}=x; {SESSION}=y=z"), BROWSER) == "x"
    assert read_cookie(request(f"a=b; {BROWSER}=x", f"{SESSION}=y=z"), SESSION) == "y=z"
    assert read_cookie(request("a=b"), BROWSER) == ""
    for cookies in ((f"{BROWSER}=x; {BROWSER}=y",), (f"{BROWSER}=x", f"{BROWSER}=x")):
        with pytest.raises(Refused) as caught:
            read_cookie(request(*cookies), BROWSER)
        assert caught.value.reason is Reason.SESSION_INVALID


def test_writing():
    for line in (set_cookie(SESSION, "v"), drop_cookie(SESSION)):
        assert line[0] == "set-cookie"
        assert line[1].startswith("__Host-")
        for attribute in ("Path=/", "Secure", "HttpOnly", "SameSite=Lax"):
            assert attribute in line[1]
    assert "Max-Age=0" in drop_cookie(SESSION)[1]
