"""Who calls: the access token and the proof that the sender may use it.  RFC 9449 §7, §9; RFC 8705 §3."""

from urllib.parse import unquote_plus

from ringfence.clock import Instant
from ringfence.gateway.acceptance import Acceptance
from ringfence.gateway.ports import TokenKeys
from ringfence.gateway.stages import Identified, Located
from ringfence.gateway.token_memory import TokenMemory
from ringfence.message import Request
from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import AccessToken, check_current, check_key, verify_access_token
from ringfence.proofs.authorization import Credentials, check_scheme, parse_authorization
from ringfence.proofs.dpop import NONCE_HEADER, check_binding, only_proof, verify_proof
from ringfence.proofs.mtls import check_certificate
from ringfence.proofs.nonces import Nonces
from ringfence.proofs.pairwise_subjects import UserOf, public_only


def identify(
    located: Located,
    accepted: Acceptance,
    keys: TokenKeys,
    nonces: Nonces,
    memory: TokenMemory,
    now: Instant,
    user_of: UserOf = public_only,
) -> Identified:
    """Verify the token and the proof of possession that its `cnf` asks for.

    Whether the proof was used before and the token revoked is decided later, in the one
    transaction on the shared state (`limit`).

    Raises:
        Refused: a TOKEN_…, PROOF_…, CERTIFICATE_… reason or SCHEME_MISMATCH.
        Unavailable: a nonce is needed and cannot be made, or a pairwise subject cannot be led back.
    """
    request = located.request
    if request.query and _names_token(request.query):
        raise Refused(Reason.TOKEN_IN_QUERY, "send it in the Authorization header")
    credentials, token = present(request, accepted, keys, memory, now, user_of)
    check_scheme(credentials, token)
    if token.x5t_s256:
        check_certificate(token, request.peer)
    if not token.jkt:
        return Identified(located, token, None)
    good = nonces.good(now) if located.operation.demands.nonce_required else None
    try:
        proof = verify_proof(
            only_proof(request.all_headers("dpop")),
            method=request.method,
            url=request.url,
            algorithms=accepted.algorithms,
            now=now,
            window=accepted.proof_window,
            skew=accepted.skew,
            access_token=credentials.token,
            nonces=good,
        )
    except Refused as refused:
        if good and refused.reason is Reason.PROOF_NONCE:
            raise Refused(Reason.PROOF_NONCE, headers=((NONCE_HEADER, good[0]),)) from None
        raise
    check_binding(proof, token)
    return Identified(located, token, proof, good[0] if good else "")


def present(
    request: Request,
    accepted: Acceptance,
    keys: TokenKeys,
    memory: TokenMemory,
    now: Instant,
    user_of: UserOf = public_only,
) -> tuple[Credentials, AccessToken]:
    """Return what the caller presents, and the token in it: verified, current, but for all we know anybody's.

    Raises:
        Refused: a TOKEN_… reason.
        Unavailable: a pairwise subject cannot be led back.
    """
    credentials = parse_authorization(request.all_headers("authorization"))

    def verify(raw: str) -> AccessToken:
        return verify_access_token(
            raw,
            keys.key,
            issuer=accepted.issuer,
            audience=accepted.audience,
            now=now,
            skew=accepted.skew,
            user_of=user_of,
        )

    token = memory.verified(credentials.token, verify)
    check_key(token, keys.key)
    check_current(token, now, skew=accepted.skew)
    return credentials, token


def _names_token(query: str) -> bool:
    """Say whether a query parameter is named `access_token`, however it is encoded."""
    return any(unquote_plus(pair.partition("=")[0]) == "access_token" for pair in query.split("&"))
