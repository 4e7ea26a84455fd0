"""Find out whom a hint names, and tell nobody whether it names anybody.  OpenID CIBA Core §7.1, §13.

A hint that is well-formed but names nobody here is taken like any other: its request waits until it expires.
"""

from ringfence.oauth.exchange import Exchange, Server, settled
from ringfence.problem import Reason, Refused
from ringfence.proofs.id_token import IdTokenHint, verify_id_token_hint
from ringfence.proofs.jwk import parse_jwks
from ringfence.proofs.login_hint_token import KIND, verify_login_hint_token
from ringfence.store.blocks import key_block
from ringfence.store.interface import Admission
from ringfence.store.model import User


async def known_id_token(raw: str, exchange: Exchange, server: Server) -> IdTokenHint:
    """Return what stands in an ID token of ours, expired or not, whose key is still believed.

    Raises:
        Refused: OAUTH_REQUEST.
    """
    keys = parse_jwks(server.ports.signer.public_jwks(), reason=Reason.INTERNAL)
    hint = verify_id_token_hint(raw, keys.get, issuer=server.profile.issuer)
    if (await server.ports.fast.admit(Admission(blocks=(key_block(hint.kid),)), exchange.now)).blocked >= 0:
        raise Refused(Reason.OAUTH_REQUEST, "the id_token_hint was signed with a key that is revoked")
    return hint


async def hinted_user(name: str, value: str, exchange: Exchange, server: Server) -> User | None:
    """Return the active customer whom a hint names, or None.

    Args:
        name: the parameter's.
        value: the hint.
        exchange: the request, its client authenticated.
        server: settings and ports.

    Raises:
        Refused: OAUTH_REQUEST, LOGIN_HINT_EXPIRED: for hints that are not well-formed, whomever they name.
    """
    records, client = server.ports.records, settled(exchange.client)
    if name == "login_hint":
        found = await records.user_by_name(value)
    elif name == "id_token_hint":
        hint = await known_id_token(value, exchange, server)
        if hint.client_id != client.client_id:
            raise Refused(Reason.OAUTH_REQUEST, "the id_token_hint was given to another client")
        found = await records.user(_user_of(hint.subject, server))
    else:
        named = verify_login_hint_token(
            value,
            client_keys=await server.ports.client_keys.of(client, value, KIND, Reason.OAUTH_REQUEST),
            client_id=client.client_id,
            issuer=server.profile.issuer,
            algorithms=server.profile.client_algorithms,
            now=exchange.now,
            skew=server.profile.skew,
        )
        found = await (
            records.user(_user_of(named.subject, server)) if named.subject else records.user_by_name(named.username)
        )
    return found if found is not None and found.status == "active" else None


def _user_of(subject: str, server: Server) -> str:
    """Return the customer's id that a client's `sub` stands for, or nobody's: a hint tells nothing."""
    try:
        return server.ports.subjects.user_of(subject)
    except Refused:
        return ""
