"""One use of a code at a time; `tests/conformance/test_second_factor.py` goes through the pages."""

import msgspec
import pytest

from ringfence.message import Peer, Request
from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.exchange import Exchange
from ringfence.oauth.recovery_codes import kept_form
from ringfence.oauth.second_factor import has_second_factor, require_code
from ringfence.problem import Reason, Refused
from ringfence.store.model import Passkey

SECRET = b"12345678901234567890"
CODE = "050471"  # RFC 6238 appendix B at 1111111111 s


@pytest.fixture
async def enrolled(bank):
    bank.clock.now = 1111111111.0
    sealed = bank.ports.sealer.seal(SECRET, "user_mia")
    await bank.ports.records.enrol_authenticator("user_mia", sealed, 0, kept_form(("aaaa-bbbb-cccc-dddd",)))
    return await bank.ports.records.user("user_mia")


def posting(bank, **parameters) -> Exchange:
    request = Request(
        method="POST",
        scheme="https",
        authority="bank.example",
        path="/oauth/login",
        query="",
        headers=(),
        body=b"",
        peer=Peer("198.51.100.7"),
        correlation="c",
        trace="",
    )
    return Exchange(request, Endpoint.LOGIN, "public", bank.clock.now, parameters)


async def refused(user, bank, **parameters) -> Refused:
    with pytest.raises(Refused) as why:
        await require_code(user, posting(bank, **parameters), bank.server)
    return why.value


async def test_who_has_a_second_factor(bank, enrolled):
    assert await has_second_factor(enrolled, bank.server)
    bare = msgspec.structs.replace(enrolled, totp_secret="")
    assert not await has_second_factor(bare, bank.server)
    await bank.ports.records.add_passkey(
        Passkey(credential_id="c", user_id="user_mia", public_key="k", created_at=bank.clock.now)
    )
    assert await has_second_factor(bare, bank.server)


@pytest.mark.parametrize("typed", [CODE, " 050 471 ", "aaaa-bbbb-cccc-dddd", "AAAA BBBB CCCC DDDD"])
async def test_a_code_is_good_once(bank, enrolled, typed):
    assert await require_code(enrolled, posting(bank, code=typed), bank.server) is enrolled
    assert (await refused(enrolled, bank, code=typed)).reason is Reason.SECOND_FACTOR


@pytest.mark.parametrize("typed", ["", "  ", "050472", "05047", "aaaa-bbbb-cccc-dddx", "٠٥٠٤٧١"])
async def test_what_is_no_code(bank, enrolled, typed):
    assert (await refused(enrolled, bank, code=typed)).reason is Reason.SECOND_FACTOR


async def test_the_eleventh_try_waits(bank, enrolled):
    for _ in range(10):
        assert (await refused(enrolled, bank, code="000000")).reason is Reason.SECOND_FACTOR
    late = await refused(enrolled, bank, code=CODE)
    assert late.reason is Reason.LOGIN_THROTTLED
    assert dict(late.headers)["retry-after"] == "600"


async def test_a_secret_of_another_customer_is_our_fault_and_lets_nobody_in(bank, enrolled):
    swapped = msgspec.structs.replace(enrolled, user_id="user_other")
    assert (await refused(swapped, bank, code=CODE)).reason is Reason.INTERNAL
