"""Establish what the caller holds: a DPoP key or a certificate, as the client registered.  RFC 9449 §5, §10; RFC 8705 §3."""

import msgspec

from ringfence.clients.algorithms import taken
from ringfence.oauth.endpoints import Endpoint
from ringfence.oauth.exchange import Binding, Exchange, Server, settled
from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import AccessToken
from ringfence.proofs.dpop import NONCE_HEADER, Proof, only_proof, verify_proof


async def prove_possession(exchange: Exchange, server: Server) -> Exchange:
    """Return the exchange with its binding.

    At the token endpoint the proof or certificate is required; at PAR a proof may come and is then verified.

    Raises:
        Refused: a PROOF_… reason as 400 `invalid_dpop_proof`, CERTIFICATE_MISSING or OAUTH_REQUEST.
    """
    client = settled(exchange.client)
    offered = exchange.request.all_headers("dpop")
    required = exchange.endpoint is Endpoint.TOKEN
    if client.binding == "mtls":
        if offered:
            raise Refused(Reason.OAUTH_REQUEST, "this client's tokens are bound to its certificate, not by DPoP")
        certificate = exchange.request.peer.certificate_sha256
        if required and not certificate:
            raise Refused(
                Reason.CERTIFICATE_MISSING,
                "call the mTLS address of this endpoint with the client's certificate",
                status=400,
                oauth="invalid_request",
            )
        return msgspec.structs.replace(exchange, binding=Binding(certificate=certificate))
    if not offered and not required:
        return exchange
    proof = await verify_fresh_proof(exchange, server, None)
    return msgspec.structs.replace(exchange, binding=Binding(jkt=proof.jkt))


async def verify_fresh_proof(exchange: Exchange, server: Server, presented: tuple[AccessToken, str] | None) -> Proof:
    """Return the request's proof, verified and claimed, so that it cannot come again.

    Args:
        exchange: the request.
        server: settings and ports.
        presented: the access token that the proof has to name, with its text; None where there is none.

    Raises:
        Refused: a PROOF_… reason; with status 400 where no access token is presented (RFC 9449 §5).
    """
    profile, request = server.profile, exchange.request
    good = server.ports.nonces.good(exchange.now) if profile.nonce_required else None
    try:
        proof = verify_proof(
            only_proof(request.all_headers("dpop")),
            method=request.method,
            url=request.url,
            algorithms=taken(exchange.client.dpop_algorithm if exchange.client else "", profile.client_algorithms),
            now=exchange.now,
            window=profile.proof_window,
            skew=profile.skew,
            access_token=presented[1] if presented else None,
            nonces=good,
        )
        await _claim(proof, exchange, server)
    except Refused as refused:
        # a proof without our nonce is answered with one (RFC 9449 §8)
        fresh = ((NONCE_HEADER, good[0]),) if good and refused.reason is Reason.PROOF_NONCE else ()
        status = refused.status if presented else 400
        raise Refused(refused.reason, refused.detail, private=refused.private, headers=fresh, status=status) from None
    return proof


async def _claim(proof: Proof, exchange: Exchange, server: Server) -> None:
    if not await server.ports.fast.claim(proof.replay_key, proof.replay_until, exchange.now):
        raise Refused(Reason.PROOF_REPLAYED)
