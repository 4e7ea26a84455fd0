"""Find the operation that a request asks for.  RFC 9110 §7.4 (421)."""

from ringfence.gateway.acceptance import Acceptance
from ringfence.gateway.stages import Located
from ringfence.message import Request
from ringfence.policy.operations import OperationTable
from ringfence.problem import Reason, Refused


def locate(request: Request, table: OperationTable, accepted: Acceptance) -> Located:
    """Return the request with its operation.

    The host is checked because a proof names the URL that was called (RFC 9449 §4.3): a host that
    is not ours would let a proof made for somebody else's server pass here.

    Raises:
        Refused: UNKNOWN_HOST, UNKNOWN_PATH, NOT_EXPOSED, METHOD_NOT_ALLOWED or UNSAFE_PATH.
    """
    if request.authority.lower().removesuffix(":443") not in accepted.authorities:
        raise Refused(Reason.UNKNOWN_HOST)
    match = table.match(request.method, request.path)
    return Located(request, match.operation, match.path_parameters, match.rest)
