"""Sign what is answered, where the operation demands it.  RFC 9421 §2.4, §3.1; RFC 9530 §2; FAPI 2.0 HTTP Signatures (draft) §5.

Whether the signer is there is asked before the upstream acts: an answer that cannot be signed must not stand for
something that has happened.
"""

import base64
from typing import Final

from ringfence.clock import Instant
from ringfence.gateway.answer import has_body, let_go
from ringfence.gateway.ports import ResponseSigner
from ringfence.gateway.whole import read_whole
from ringfence.message import Request, Response
from ringfence.policy.operations import Operation
from ringfence.problem import Reason, Refused
from ringfence.proofs.message_signature import digest_of, response_base

LABEL: Final = "sig"

_OURS: Final = frozenset({"content-digest", "signature", "signature-input", "content-length"})
"""Fields of the upstream that ours replace."""


async def signing_key(operation: Operation, signer: ResponseSigner) -> str:
    """Return the key that will sign the answer; `""` where none is demanded.  Raises Unavailable."""
    return await signer.kid() if operation.demands.response_signed else ""


async def sign_answer(
    response: Response, request: Request, kid: str, signer: ResponseSigner, now: Instant, limit: int
) -> Response:
    """Return the answer with its digest and signature.

    Args:
        response: to be signed; a streamed body is read whole.
        request: that it answers.
        kid: the key, from `signing_key`; `""` signs nothing.
        signer: of answers.
        now: the present.
        limit: octets of a body that are read; a longer one is not given.

    Raises:
        Refused: UPSTREAM_UNDECLARED for a body longer than the limit.
        Unavailable: the signer has gone meanwhile.
    """
    if not kid:
        return response
    body, rest = await read_whole(response.body, limit)
    if rest is not None:
        await let_go(rest)
        raise Refused(Reason.UPSTREAM_UNDECLARED, private=f"answer longer than {limit} octets cannot be signed")
    headers = tuple(field for field in response.headers if field[0] not in _OURS)
    if has_body(request.method, response.status):
        headers = (*headers, ("content-digest", digest_of(body)))
    data, signed = response_base(response.status, headers, request, keyid=kid, created=now)
    signature = base64.b64encode(await signer.sign(kid, data)).decode("ascii")
    headers = (*headers, ("signature-input", f"{LABEL}={signed}"), ("signature", f"{LABEL}=:{signature}:"))
    return Response(response.status, headers, body)
