"""Do the signatures that the operation demands verify?  RFC 9421; RFC 7515; FAPI 2.0 HTTP Signatures (draft) §5.

They are looked at before anything in the body is: what nobody has signed is not worth parsing.
"""

from typing import Any, Final

from ringfence.clock import Instant
from ringfence.gateway.acceptance import Acceptance
from ringfence.gateway.bodies import declared_body
from ringfence.gateway.normal import parse_normal
from ringfence.gateway.ports import Admissions, ClientKeys, KnownClient
from ringfence.gateway.stages import Attested, Limited
from ringfence.policy.operations import Operation
from ringfence.problem import Reason, Refused
from ringfence.proofs import detached_jws, signed_body
from ringfence.proofs.message_signature import verify_request
from ringfence.store.interface import Admission

_NOBODY: Final = KnownClient({}, frozenset())


async def attest(
    limited: Limited, body: bytes, accepted: Acceptance, client_keys: ClientKeys, admissions: Admissions, now: Instant
) -> Attested:
    """Verify what is signed with the client's registered keys.

    Raises:
        Refused: a SIGNATURE_… or BODY_SIGNATURE_… reason, CONTENT_DIGEST, BODY_MISSING, MEDIA_TYPE or JSON_….
        Unavailable: the client's keys, or the shared state, cannot be had.
    """
    identified = limited.authorized.identified
    operation = identified.located.operation
    if not operation.demands.signed:
        return Attested(limited, body, body)
    client = client_keys.of(identified.token.client_id) or _NOBODY
    claims: list[tuple[bytes, Instant, Reason]] = []
    signed_by = ""
    if operation.demands.signature_required:
        signature = verify_request(
            identified.located.request,
            body,
            client.keys,
            owner=identified.token.client_id,
            algorithms=accepted.algorithms,
            dpop=identified.proof is not None,
            now=now,
            skew=accepted.skew,
        )
        signed_by = signature.keyid
        if identified.proof is None:  # a proof is covered by the signature, and has been claimed with its own jti
            claims.append((signature.replay_key, signature.replay_until, Reason.SIGNATURE_REPLAYED))
    attested = Attested(limited, body, body, signed_by=signed_by)
    if operation.demands.body_signature != "off":
        attested, once = _body(attested, operation, client, accepted, now)
        if once is not None:
            claims.append((once.replay_key, once.replay_until, Reason.BODY_SIGNATURE_REPLAYED))
    if claims:
        asked = Admission(claims=tuple((key, until) for key, until, _ in claims))
        answer = await admissions.admit(asked, now)
        if answer.replayed >= 0:
            raise Refused(claims[answer.replayed][2], "sign each call anew; a nonce or jti tells equal ones apart")
    return attested


def _body(
    attested: Attested, operation: Operation, client: KnownClient, accepted: Acceptance, now: Instant
) -> tuple[Attested, signed_body.Once | None]:
    identified = attested.limited.authorized.identified
    request, client_id, rules = identified.located.request, identified.token.client_id, operation.signed_bodies
    names = client.names | {rules.issuers[client_id]} if client_id in rules.issuers else client.names
    if operation.demands.body_signature == "detached":
        expected = detached_jws.Expected(names, rules.trust_anchors, rules.max_age_seconds)
        values = request.all_headers(detached_jws.HEADER)
        key = detached_jws.verify_detached(
            values, attested.body, client.keys, accepted.algorithms, expected, now, accepted.skew
        )
        return Attested(attested.limited, attested.body, attested.body, signed_by=key.kid), None
    if not attested.body:
        raise Refused(Reason.BODY_SIGNATURE_MISSING)
    declared = declared_body(request.header("content-type"), operation)
    content, kid = signed_body.open_body(attested.body, client.keys, accepted.algorithms)
    document = parse_normal(content, max_depth=accepted.max_json_depth)
    audiences = (accepted.audience, request.url)
    expected_claims = signed_body.Expected(client_id, names, audiences, rules.claims, rules.max_age_seconds)
    once = signed_body.check_claims(document, expected_claims, now, accepted.skew)
    bare = _without(document, declared.bare_claims)
    return Attested(attested.limited, attested.body, content, bare, kid), once


def _without(document: Any, claims: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in claims}
