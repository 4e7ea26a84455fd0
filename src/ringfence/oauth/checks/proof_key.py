"""Bind the code to the key that the client will present.  RFC 9449 §10; FAPI 2.0 SP §5.3.2.1-12."""

import re
from typing import Final

from ringfence.oauth.forms import Form
from ringfence.problem import Reason, Refused

_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def require_one_key(parameters: Form, proven: str) -> str:
    """Return the thumbprint that the code will be bound to: from the proof, from `dpop_jkt`, or from neither.

    Raises:
        Refused: OAUTH_REQUEST for a `dpop_jkt` that is no thumbprint, PROOF_KEY where both are there and differ.
    """
    announced = parameters.get("dpop_jkt", "")
    if announced and not _THUMBPRINT.fullmatch(announced):
        raise Refused(Reason.OAUTH_REQUEST, "dpop_jkt is a SHA-256 thumbprint in base64url")
    if announced and proven and announced != proven:
        raise Refused(
            Reason.PROOF_KEY, "dpop_jkt names another key than the proof", status=400, oauth="invalid_dpop_proof"
        )
    return announced or proven


def require_bound_key(bound: str, proven: str) -> None:
    """Return if the code is bound to no key or to the proven one.  Raises Refused PROOF_KEY as invalid_grant."""
    if bound and bound != proven:
        raise Refused(Reason.PROOF_KEY, "the code is bound to another key", status=400, oauth="invalid_grant")
