import msgspec
import pytest

from ringfence.ids import token_hash
from ringfence.oauth.cookies import SESSION
from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.exchange import Exchange
from ringfence.oauth.sessions import VISIT, bound_to_browser, require_bound
from ringfence.problem import Reason, Refused
from ringfence.store.model import PushedRequest, Session


def exchange(bank, **changes):
    pushed = PushedRequest(
        uri_hash="u", client_id="c", parameters={}, created_at=bank.clock.now, expires_at=bank.clock.now
    )
    start = Exchange(
        request=None, endpoint=Endpoint.CONSENT, listener="public", now=bank.clock.now, pushed=pushed, browser="B" * 43
    )
    return msgspec.structs.replace(start, **changes)


def test_a_form_is_bound_to_purpose_request_browser_and_session(bank):
    one = exchange(bank)
    session = Session(session_hash="s", user_id="u", authenticated_at=bank.clock.now, expires_at=bank.clock.now)
    others = [
        bound_to_browser(one, "LOGIN"),
        bound_to_browser(exchange(bank, browser="C" * 43), "CONSENT"),
        bound_to_browser(exchange(bank, session=session), "CONSENT"),
        bound_to_browser(exchange(bank, pushed=msgspec.structs.replace(one.pushed, uri_hash="v")), "CONSENT"),
    ]
    value = bound_to_browser(one, "CONSENT")
    require_bound(one, "CONSENT", value)
    assert len({value, *others}) == 5
    for other in (*others, "", "ü", value + "0"):
        with pytest.raises(Refused) as caught:
            require_bound(one, "CONSENT", other)
        assert caught.value.reason is Reason.SESSION_INVALID
    assert bound_to_browser(one, VISIT) == bound_to_browser(exchange(bank, session=session), VISIT)


def test_without_a_browser_cookie_nothing_is_bound(bank):
    with pytest.raises(Refused):
        bound_to_browser(exchange(bank, browser=""), VISIT)


async def test_only_the_hash_of_a_session_is_kept(bank):
    browser = bank.browser()
    await browser.consent_page(bank.partner.client_id, await bank.partner.pushed_uri())
    kept = await bank.ports.records.session(token_hash(browser.http.cookies[SESSION]), bank.clock.now)
    assert kept.user_id == "user_mia"
    assert kept.expires_at - kept.authenticated_at == 900
