"""Any other amount, payee, consent, text or factor is another code."""

import msgspec

from ringfence.clock import Instant
from ringfence.oauth.authentication_code import AUDIENCE, _claims, authentication_code
from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.exchange import Exchange
from ringfence.oauth.payments import Payment
from ringfence.store.model import Consent, Session

PAYMENT = Payment("payment", "1.50", "EUR", "DE1", "Mia")
DECIDED = Consent(
    consent_id="consent_1",
    client_id="c",
    user_id="u",
    scopes=(),
    text_sha256="t",
    text_version=1,
    created_at=1.0,
    changed_at=1.0,
    expires_at=2.0,
)


def exchange(bank) -> Exchange:
    session = Session(session_hash="s", user_id="u", authenticated_at=Instant(90.0), acr="x", expires_at=Instant(900.0))
    return Exchange(None, Endpoint.CONSENT, "public", Instant(100.7), session=session)


async def test_the_code_is_signed_for_nobody_and_says_it_all(bank) -> None:
    code = await authentication_code(PAYMENT, DECIDED, "otp", exchange(bank), bank.server)
    said = bank.claims(code)
    assert (said["aud"], said["iat"], said["login"]) == (AUDIENCE, 100, 90)
    assert not {"sub", "scope", "exp", "jti"} & said.keys()


def test_whatever_changes_changes_the_code(bank) -> None:
    first = _claims(PAYMENT, DECIDED, "otp", exchange(bank), bank.server)
    payments = [msgspec.structs.replace(PAYMENT, **{name: "other"}) for name in ("amount", "currency", "payee")]
    others = [_claims(one, DECIDED, "otp", exchange(bank), bank.server) for one in payments]
    for name in ("consent_id", "client_id", "user_id", "text_sha256"):
        changed = msgspec.structs.replace(DECIDED, **{name: "other"})
        others.append(_claims(PAYMENT, changed, "otp", exchange(bank), bank.server))
    others.append(_claims(PAYMENT, DECIDED, "hwk", exchange(bank), bank.server))
    assert all(other != first for other in others)
