"""Tell a client what is wrong with its metadata, by the names and error codes of registration.  RFC 7591 §3.2.2."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ringfence.problem import Reason, Refused

_NAMES: Final = {
    "name": "client_name",
    "authentication": "token_endpoint_auth_method",
    "tls_subject": "tls_client_auth_subject_dn",
    "certificate": "jwks",
    "binding": "tls_client_certificate_bound_access_tokens",
    "scopes": "scope",
    "assertion_algorithm": "token_endpoint_auth_signing_alg",
    "request_object_algorithm": "request_object_signing_alg",
    "dpop_algorithm": "dpop_signing_alg",
    "sector": "sector_identifier_uri",
}
"""Our names of members, and those of client metadata, where they differ."""

_REDIRECTS: Final = "redirect_uris"
_LONGEST: Final = 400
"""Characters of a description: what is told may hold what was sent."""


@contextmanager
def as_registration() -> Iterator[None]:
    """Turn refusals of a client's members into those of registration; others pass as they are."""
    try:
        yield
    except Refused as refused:
        if refused.reason is not Reason.ADMIN_REQUEST:
            raise
        raise translated(refused) from None


def translated(refused: Refused) -> Refused:
    """Return the refusal of one member as registration has it."""
    found = refused.faults[0] if refused.faults else None
    if found is None:
        return Refused(Reason.CLIENT_METADATA, refused.detail[:_LONGEST])
    member, _, index = found.at.strip("/").partition("/")
    name = _NAMES.get(member, member)
    reason = Reason.REDIRECT_URI_UNFIT if name == _REDIRECTS else Reason.CLIENT_METADATA
    place = f"{name}[{index}]" if index.isdigit() else name
    return Refused(reason, f"{place} {found.message}".strip()[:_LONGEST])
