"""The authentication code: a signed record of what the customer approved, by which factor, and when.  SCA RTS art. 4, 5(1)(b), (d).

It is a JWS of the authorization server, kept with the consent. Whoever holds the published keys can verify it years
later; any other amount or payee is another code. It is no token: its `typ` is its own, nobody is given it, and nothing
here takes it for anything.
"""

from typing import Any, Final

from ringfence.oauth.exchange import Exchange, Server, settled
from ringfence.oauth.payments import Payment
from ringfence.store.model import Consent

TYPE: Final = "ringfence-authentication-code+jwt"
AUDIENCE: Final = "urn:ringfence:authentication-code"


async def authentication_code(
    payment: Payment, decided: Consent, factor: str, exchange: Exchange, server: Server
) -> str:
    """Return the code of a payment.

    Args:
        payment: amount, currency and payee, as they stand in the token.
        decided: the consent, with customer and text hash.
        factor: how the customer approved this payment: an authentication method (RFC 8176 §2).
        exchange: the customer's request.
        server: settings and ports.
    """
    return await server.ports.signer.sign(_claims(payment, decided, factor, exchange, server), TYPE)


def _claims(payment: Payment, decided: Consent, factor: str, exchange: Exchange, server: Server) -> dict[str, Any]:
    return {
        "iss": server.profile.issuer,
        "aud": AUDIENCE,
        "iat": int(exchange.now),
        "consent_id": decided.consent_id,
        "client_id": decided.client_id,
        "user_id": decided.user_id,
        "type": payment.type,
        "amount": payment.amount,
        "currency": payment.currency,
        "payee": payment.payee,
        "payee_name": payment.payee_name,
        "text_version": decided.text_version,
        "text_sha256": decided.text_sha256,
        "factor": factor,
        "login": int(settled(exchange.session).authenticated_at),
        "acr": settled(exchange.session).acr,
    }
