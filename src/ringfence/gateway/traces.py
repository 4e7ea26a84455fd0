"""Decide whether the trace of a call is recorded, where it begins here.  W3C Trace Context §3.2.2.5.1."""

import msgspec

from ringfence.message import Request
from ringfence.telemetry import sampled_here


def traced(request: Request, share: float) -> Request:
    """Return the request with that decision, which the API behind is told and the call's event keeps.

    Args:
        request: as it came in.
        share: of the traces that begin here, from 0 to 1.
    """
    trace = sampled_here(request.trace, share)
    return request if trace is request.trace else msgspec.structs.replace(request, trace=trace)
